#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

/// Differentiable in x alone; the gradient is an op of its own, which has derivatives through its reference.
struct DirectionDistanceFunction : torch::autograd::Function<DirectionDistanceFunction> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Tensor& target,
                        const OptionalTensor& weight) {
    at::AutoDispatchBelowADInplaceOrView below;
    ctx->save_for_backward({x, target, weight.value_or(Tensor())});
    return call::direction_distance(x, target, weight);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    return {call::direction_distance_gradient(saved[0], saved[1], optional(saved[2]), grads[0]), {}, {}};
  }
};

}  // namespace

Tensor autograd::direction_distance(const Tensor& x, const Tensor& target, const OptionalTensor& weight) {
  return DirectionDistanceFunction::apply(x, target, weight);
}

}  // namespace lifted::ops
