#include <ATen/Parallel.h>

#include "lifted/ops/backends.h"
#include "lifted/ops/cpu/adam_update_kernel.h"

namespace lifted::ops {

void cpu::adam_update(const std::vector<AdamEntry>& entries, const AdamUpdateOptions& options, const Tensor&) {
  for (const AdamEntry& entry : entries) {
    const AdamUpdateKernelParams all{
        .parameter = entry.parameter.data_ptr<float>(),
        .gradient = entry.gradient.defined() ? entry.gradient.data_ptr<float>() : nullptr,
        .mean = entry.mean.defined() ? entry.mean.data_ptr<float>() : nullptr,
        .square = entry.square.data_ptr<float>(),
        .factors = adam_factors(entry, options),
    };
    at::parallel_for(0, entry.parameter.numel(), 1 << 15, [&](int64_t begin, int64_t end) {
      AdamUpdateKernelParams part = all;
      part.begin = begin, part.end = end;
      LIFTED_CALL_ISA(adam_update, part);
    });
  }
}

}  // namespace lifted::ops
