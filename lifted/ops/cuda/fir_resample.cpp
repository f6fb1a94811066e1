#include "lifted/ops/cuda/fir_resample_threads.h"
#include "lifted/ops/cuda/on_card.h"

namespace lifted::ops {

Tensor cuda::fir_resample(const Tensor& x_any, const Tensor& kernel, at::IntArrayRef factors, at::IntArrayRef pads) {
  const c10::cuda::CUDAGuard guard(x_any.device());
  return fir_resample(on_card, x_any, kernel, factors, pads);
}

}  // namespace lifted::ops
