#include "lifted/ops/bias_act.h"

#include <torch/library.h>

#include "lifted/ops/cpu/bias_act.h"

namespace lifted::ops {
namespace {
using torch::Tensor;

// ---- Reference: also what devices without a fused form run ----

Tensor bias_act_reference(const Tensor& x, const OptionalTensor& bias, double slope, double gain, double clamp) {
  auto y = x;
  if (bias) y = y + (x.dim() == 4 ? bias->view({1, -1, 1, 1}) : bias->view({1, -1}));
  if (slope != 1) y = at::leaky_relu(y, slope);
  if (gain != 1) y = y * gain;
  return clamp >= 0 ? y.clamp(-clamp, clamp) : y;
}

Tensor bias_act_gradient_reference(const Tensor& grad, const Tensor& y, double slope, double gain, double clamp) {
  auto factor = at::where(y > 0, at::scalar_tensor(gain, y.options()), at::scalar_tensor(gain * slope, y.options()));
  if (clamp >= 0) factor = factor * (y.abs() < clamp);
  return grad * factor;
}

// ---- Dispatcher entries ----

Tensor call_forward(const Tensor& x, const OptionalTensor& bias, double slope, double gain, double clamp) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("lifted::bias_act", "")
                             .typed<Tensor(const Tensor&, const OptionalTensor&, double, double, double)>();
  return op.call(x, bias, slope, gain, clamp);
}

Tensor call_gradient(const Tensor& grad, const Tensor& y, double slope, double gain, double clamp) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("lifted::bias_act_gradient", "")
                             .typed<Tensor(const Tensor&, const Tensor&, double, double, double)>();
  return op.call(grad, y, slope, gain, clamp);
}

// ---- Autograd ----

Tensor sum_to_bias(const Tensor& grad) {
  return grad.dim() == 4 ? grad.sum(at::IntArrayRef{0, 2, 3}) : grad.sum(at::IntArrayRef{0});
}

/// dx = dy · m with m (gain, gain·slope or 0) piecewise constant in y: linear in dy, so its own derivative is the same
/// function.
struct BiasActGradientFunction : torch::autograd::Function<BiasActGradientFunction> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& grad, const Tensor& y, double slope,
                        double gain, double clamp) {
    at::AutoDispatchBelowADInplaceOrView guard;
    ctx->save_for_backward({y});
    ctx->saved_data["options"] = std::vector<double>{slope, gain, clamp};
    return call_gradient(grad, y, slope, gain, clamp);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto o = ctx->saved_data["options"].toDoubleVector();
    return {call_gradient(grads[0], ctx->get_saved_variables()[0], o[0], o[1], o[2]), {}, {}, {}, {}};
  }
};

struct BiasActFunction : torch::autograd::Function<BiasActFunction> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const OptionalTensor& bias,
                        double slope, double gain, double clamp) {
    at::AutoDispatchBelowADInplaceOrView guard;
    const auto y = call_forward(x, bias, slope, gain, clamp);
    ctx->save_for_backward({y});
    ctx->saved_data["options"] = std::vector<double>{slope, gain, clamp};
    ctx->saved_data["bias_needs_gradient"] = bias.has_value() && bias->requires_grad();
    return y;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto o = ctx->saved_data["options"].toDoubleVector();
    // Only the branch taken matters, and it does not move: no gradient flows into y.
    const auto y = ctx->get_saved_variables()[0].detach();
    const auto dx = call_gradient(grads[0], y, o[0], o[1], o[2]);
    const auto dbias = ctx->saved_data["bias_needs_gradient"].toBool() ? sum_to_bias(dx) : Tensor();
    return {dx, dbias, {}, {}, {}};
  }
};

Tensor bias_act_autograd(const Tensor& x, const OptionalTensor& bias, double slope, double gain, double clamp) {
  return BiasActFunction::apply(x, bias, slope, gain, clamp);
}

Tensor bias_act_gradient_autograd(const Tensor& grad, const Tensor& y, double slope, double gain, double clamp) {
  return BiasActGradientFunction::apply(grad, y, slope, gain, clamp);
}

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def("bias_act(Tensor x, Tensor? bias, float slope, float gain, float clamp) -> Tensor");
  m.def("bias_act_gradient(Tensor grad, Tensor y, float slope, float gain, float clamp) -> Tensor");
}
TORCH_LIBRARY_IMPL(lifted, CPU, m) {
  m.impl("bias_act", cpu::bias_act);
  m.impl("bias_act_gradient", cpu::bias_act_gradient);
}
TORCH_LIBRARY_IMPL(lifted, CompositeExplicitAutograd, m) {
  m.impl("bias_act", bias_act_reference);
  m.impl("bias_act_gradient", bias_act_gradient_reference);
}
TORCH_LIBRARY_IMPL(lifted, Autograd, m) {
  m.impl("bias_act", bias_act_autograd);
  m.impl("bias_act_gradient", bias_act_gradient_autograd);
}

}  // namespace

Tensor bias_act(const Tensor& x, const Tensor& bias, const BiasActOptions& options, Implementation implementation) {
  TORCH_CHECK(x.dim() == 2 || x.dim() == 4, "bias_act: x must be B×C or B×C×H×W, got ", x.sizes());
  TORCH_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == x.size(1)), "bias_act: bias must have shape [",
              x.size(1), "] to fit x ", x.sizes());
  TORCH_CHECK(!bias.defined() || bias.scalar_type() == x.scalar_type(), "bias_act: bias must have x's dtype");
  TORCH_CHECK(options.slope > 0 && options.gain > 0, "bias_act: slope and gain must be positive");
  const OptionalTensor optional_bias = bias.defined() ? OptionalTensor(bias) : OptionalTensor();
  const double clamp = options.clamp.value_or(-1);
  if (implementation == Implementation::reference) {
    return bias_act_reference(x, optional_bias, options.slope, options.gain, clamp);
  }
  return call_forward(x, optional_bias, options.slope, options.gain, clamp);
}

}  // namespace lifted::ops
