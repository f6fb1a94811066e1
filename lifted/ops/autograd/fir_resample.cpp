#include "lifted/ops/backends.h"

namespace lifted::ops {
namespace {

/// Paddings of the adjoint along one axis, with which the gradient has exactly `in` pixels again.
std::pair<int64_t, int64_t> adjoint_pads(int64_t in, int64_t out, int64_t taps, int64_t up, int64_t down,
                                         int64_t pad0) {
  return {taps - 1 - pad0, in * up - out * down + pad0 - up + 1};
}

struct FirResampleFunction : torch::autograd::Function<FirResampleFunction> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Tensor& kernel,
                        at::IntArrayRef factors, at::IntArrayRef pads) {
    at::AutoDispatchBelowADInplaceOrView guard;
    const auto y = call::fir_resample(x, kernel, factors, pads);
    const auto horizontal = adjoint_pads(x.size(3), y.size(3), kernel.size(1), factors[0], factors[2], pads[0]);
    const auto vertical = adjoint_pads(x.size(2), y.size(2), kernel.size(0), factors[1], factors[3], pads[2]);
    ctx->save_for_backward({kernel});
    ctx->saved_data["factors"] = std::vector<int64_t>{factors[2], factors[3], factors[0], factors[1]};
    ctx->saved_data["pads"] =
        std::vector<int64_t>{horizontal.first, horizontal.second, vertical.first, vertical.second};
    return y;
  }
  /// The adjoint exchanges up and down and flips the kernel; being another fir_resample it is differentiable in turn.
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto kernel = ctx->get_saved_variables()[0].flip({0, 1});
    return {call::fir_resample(grads[0], kernel, ctx->saved_data["factors"].toIntVector(),
                               ctx->saved_data["pads"].toIntVector()),
            {},
            {},
            {}};
  }
};

}  // namespace

Tensor autograd::fir_resample(const Tensor& x, const Tensor& kernel, at::IntArrayRef factors, at::IntArrayRef pads) {
  return FirResampleFunction::apply(x, kernel.detach(), factors, pads);
}

}  // namespace lifted::ops
