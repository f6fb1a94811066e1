#include "lifted/ops/backends.h"

namespace lifted::ops {

Tensor reference::bias_act(const Tensor& x, const OptionalTensor& bias, double slope, double gain, double clamp) {
  auto y = x;
  if (bias) y = y + (x.dim() == 4 ? bias->view({1, -1, 1, 1}) : bias->view({1, -1}));
  if (slope != 1) y = at::leaky_relu(y, slope);
  if (gain != 1) y = y * gain;
  return (clamp >= 0 ? y.clamp(-clamp, clamp) : y).to(x.scalar_type());
}

Tensor reference::bias_act_gradient(const Tensor& grad, const Tensor& y, double slope, double gain, double clamp) {
  auto factor = at::where(y > 0, at::scalar_tensor(gain, y.options()), at::scalar_tensor(gain * slope, y.options()));
  if (clamp >= 0) factor = factor * (y.abs() < clamp);
  return grad * factor;
}

}  // namespace lifted::ops
