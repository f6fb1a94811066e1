#include "lifted/ops/cuda/counter_normal_threads.h"
#include "lifted/ops/cuda/on_card.h"

namespace lifted::ops {

void cuda::counter_normal(const Tensor& out, uint64_t key, uint64_t block) {
  const c10::cuda::CUDAGuard guard(out.device());
  counter_normal(on_card, out, key, block);
}

}  // namespace lifted::ops
