#include "lifted/ops/backends.h"

namespace lifted::ops {
namespace {
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Tensor sum_to_bias(const Tensor& grad, at::ScalarType type) {
  return (grad.dim() == 4 ? grad.sum(at::IntArrayRef{0, 2, 3}) : grad.sum(at::IntArrayRef{0})).to(type);
}

/// dx = dy · m with m (gain, gain·slope or 0) piecewise constant in y: linear in dy, so its own derivative is the same
/// function.
struct BiasActGradientFunction : torch::autograd::Function<BiasActGradientFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& grad, const Tensor& y, double slope, double gain,
                        double clamp) {
    at::AutoDispatchBelowADInplaceOrView guard;
    ctx->save_for_backward({y});
    ctx->saved_data["options"] = std::vector<double>{slope, gain, clamp};
    return call::bias_act_gradient(grad, y, slope, gain, clamp);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto o = ctx->saved_data["options"].toDoubleVector();
    return {call::bias_act_gradient(grads[0], ctx->get_saved_variables()[0], o[0], o[1], o[2]), {}, {}, {}, {}};
  }
};

struct BiasActFunction : torch::autograd::Function<BiasActFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const OptionalTensor& bias, double slope, double gain,
                        double clamp) {
    at::AutoDispatchBelowADInplaceOrView guard;
    const auto y = call::bias_act(x, bias, slope, gain, clamp);
    ctx->save_for_backward({y});
    ctx->saved_data["options"] = std::vector<double>{slope, gain, clamp};
    if (bias.has_value() && bias->requires_grad()) ctx->saved_data["bias"] = bias->scalar_type();
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto o = ctx->saved_data["options"].toDoubleVector();
    // Only the branch taken matters, and it does not move: no gradient flows into y.
    const auto y = ctx->get_saved_variables()[0].detach();
    const auto dx = call::bias_act_gradient(grads[0], y, o[0], o[1], o[2]);
    const auto bias = ctx->saved_data.find("bias");
    return {dx, bias == ctx->saved_data.end() ? Tensor() : sum_to_bias(dx, bias->second.toScalarType()), {}, {}, {}};
  }
};

}  // namespace

Tensor autograd::bias_act(const Tensor& x, const OptionalTensor& bias, double slope, double gain, double clamp) {
  return BiasActFunction::apply(x, bias, slope, gain, clamp);
}

Tensor autograd::bias_act_gradient(const Tensor& grad, const Tensor& y, double slope, double gain, double clamp) {
  return BiasActGradientFunction::apply(grad, y, slope, gain, clamp);
}

}  // namespace lifted::ops
