// Random numbers on a card, but for the launch.
#pragma once

#include "lifted/ops/backends.h"
#include "lifted/ops/cuda/counter_normal_body.h"

namespace lifted::ops::cuda {

template <typename Launch>
void counter_normal(const Launch& launch, const Tensor& out, uint64_t key, uint64_t block) {
  launch(CounterNormalThread{out.data_ptr<float>(), out.numel(), key, block}, (out.numel() + 3) / 4);
}

}  // namespace lifted::ops::cuda
