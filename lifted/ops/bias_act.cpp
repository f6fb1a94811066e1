#include "lifted/ops/bias_act.h"

#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {

Tensor call::bias_act(const Tensor& x, const OptionalTensor& bias, double slope, double gain, double clamp) {
  static const auto op = find_op<BiasAct>("lifted::bias_act");
  return op.call(x, bias, slope, gain, clamp);
}

Tensor call::bias_act_gradient(const Tensor& grad, const Tensor& y, double slope, double gain, double clamp) {
  static const auto op = find_op<BiasActGradient>("lifted::bias_act_gradient");
  return op.call(grad, y, slope, gain, clamp);
}

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def("bias_act(Tensor x, Tensor? bias, float slope, float gain, float clamp) -> Tensor");
  m.def("bias_act_gradient(Tensor grad, Tensor y, float slope, float gain, float clamp) -> Tensor");
  implement<BiasAct>(m, "bias_act",
                     {.cpu = in_fp32<cpu::bias_act>,
                      .cuda = LIFTED_CUDA_KERNEL(cuda::bias_act),
                      .elsewhere = reference::bias_act,
                      .autograd = autograd::bias_act});
  implement<BiasActGradient>(m, "bias_act_gradient",
                             {.cpu = in_fp32<cpu::bias_act_gradient>,
                              .cuda = LIFTED_CUDA_KERNEL(cuda::bias_act_gradient),
                              .elsewhere = reference::bias_act_gradient,
                              .autograd = autograd::bias_act_gradient});
}

Tensor bias_act(const Tensor& x, const Tensor& bias, const BiasActOptions& options, Implementation implementation) {
  TORCH_CHECK(x.dim() == 2 || x.dim() == 4, "bias_act: x must be B×C or B×C×H×W, got ", x.sizes());
  TORCH_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == x.size(1)), "bias_act: bias must have shape [",
              x.size(1), "] to fit x ", x.sizes());
  TORCH_CHECK(
      !bias.defined() || bias.scalar_type() == x.scalar_type() || (is_narrow(x) && bias.scalar_type() == at::kFloat),
      "bias_act: bias must have x's dtype, or be fp32 beside 16 bits");
  TORCH_CHECK(options.slope > 0 && options.gain > 0, "bias_act: slope and gain must be positive");
  const auto f = implementation == Implementation::reference ? in_fp32<reference::bias_act> : call::bias_act;
  return f(x, optional(bias), options.slope, options.gain, options.clamp.value_or(-1));
}

}  // namespace lifted::ops
