#include "lifted/ops/cuda/bias_act_threads.h"
#include "lifted/ops/cuda/on_card.h"

namespace lifted::ops {

Tensor cuda::bias_act(const Tensor& x_any, const OptionalTensor& bias_any, double slope, double gain, double clamp) {
  const c10::cuda::CUDAGuard guard(x_any.device());
  return bias_act(on_card, x_any, bias_any, slope, gain, clamp);
}

Tensor cuda::bias_act_gradient(const Tensor& grad_any, const Tensor& y_any, double slope, double gain, double clamp) {
  const c10::cuda::CUDAGuard guard(grad_any.device());
  return bias_act_gradient(on_card, grad_any, y_any, slope, gain, clamp);
}

}  // namespace lifted::ops
