// Adam's update on a card, but for the launch.
#pragma once

#include <algorithm>

#include "lifted/ops/backends.h"
#include "lifted/ops/cuda/adam_update_body.h"

namespace lifted::ops::cuda {

template <typename Launch>
void adam_update(const Launch& launch, const std::vector<AdamEntry>& entries, const AdamUpdateOptions& options,
                 const Tensor& proceed) {
  for (size_t first = 0; first < entries.size(); first += AdamUpdateThread::kMost) {
    AdamUpdateThread thread{};
    thread.count = static_cast<int>(std::min<size_t>(AdamUpdateThread::kMost, entries.size() - first));
    thread.proceed = proceed.defined() ? proceed.data_ptr<bool>() : nullptr;
    int64_t end = 0;
    for (int i = 0; i < thread.count; ++i) {
      const AdamEntry& entry = entries[first + static_cast<size_t>(i)];
      const core::AdamFactors factors = adam_factors(entry, options);
      thread.beta1 = factors.beta1, thread.beta2 = factors.beta2;
      thread.epsilon = factors.epsilon, thread.weight_decay = factors.weight_decay;
      end += entry.parameter.numel();
      thread.tensors[i] = {entry.parameter.data_ptr<float>(),
                           entry.gradient.defined() ? entry.gradient.data_ptr<float>() : nullptr,
                           entry.mean.defined() ? entry.mean.data_ptr<float>() : nullptr,
                           entry.square.data_ptr<float>(),
                           end,
                           factors.step_size,
                           factors.square_root_correction};
    }
    launch(thread, end);
  }
}

}  // namespace lifted::ops::cuda
