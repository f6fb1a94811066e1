#include "lifted/ops/fir_resample.h"

#include <torch/library.h>

#include "lifted/ops/cpu/fir_resample.h"

namespace lifted::ops {
namespace {
using torch::Tensor;

std::vector<int64_t> factors_of(const FirResampleOptions& o) {
  return {o.up_x, o.up_y, o.down_x, o.down_y};
}
std::vector<int64_t> pads_of(const FirResampleOptions& o) {
  return {o.pad_x0, o.pad_x1, o.pad_y0, o.pad_y1};
}

// ---- Reference: also what devices without a fused form run ----

/// B×C×H×W → B×C×(H·up_y)×(W·up_x), each pixel followed by zeros.
Tensor insert_zeros(const Tensor& x, int64_t up_x, int64_t up_y) {
  if (up_x == 1 && up_y == 1) return x;
  const auto spread = x.reshape({x.size(0), x.size(1), x.size(2), 1, x.size(3), 1});
  return at::constant_pad_nd(spread, {0, up_x - 1, 0, 0, 0, up_y - 1})
      .reshape({x.size(0), x.size(1), x.size(2) * up_y, x.size(3) * up_x});
}

Tensor fir_resample_reference(const Tensor& x, const Tensor& kernel, at::IntArrayRef factors, at::IntArrayRef pads) {
  auto y = insert_zeros(x, factors[0], factors[1]);
  y = at::constant_pad_nd(y, pads);  // negative paddings crop
  const auto weight = kernel.to(x.dtype()).flip({0, 1}).view({1, 1, kernel.size(0), kernel.size(1)});
  const int64_t height = y.size(2) - kernel.size(0) + 1, width = y.size(3) - kernel.size(1) + 1;
  y = at::conv2d(y.reshape({x.size(0) * x.size(1), 1, y.size(2), y.size(3)}), weight)
          .reshape({x.size(0), x.size(1), height, width});
  y = y.slice(2, 0, y.size(2), factors[3]).slice(3, 0, y.size(3), factors[2]);
  return y.contiguous(x.suggest_memory_format());
}

// ---- Dispatcher entry and autograd ----

Tensor call(const Tensor& x, const Tensor& kernel, at::IntArrayRef factors, at::IntArrayRef pads) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("lifted::fir_resample", "")
                             .typed<Tensor(const Tensor&, const Tensor&, at::IntArrayRef, at::IntArrayRef)>();
  return op.call(x, kernel, factors, pads);
}

/// Paddings of the adjoint along one axis, with which the gradient has exactly `in` pixels again.
std::pair<int64_t, int64_t> adjoint_pads(int64_t in, int64_t out, int64_t taps, int64_t up, int64_t down,
                                         int64_t pad0) {
  return {taps - 1 - pad0, in * up - out * down + pad0 - up + 1};
}

struct FirResampleFunction : torch::autograd::Function<FirResampleFunction> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Tensor& kernel,
                        at::IntArrayRef factors, at::IntArrayRef pads) {
    at::AutoDispatchBelowADInplaceOrView guard;
    const auto y = call(x, kernel, factors, pads);
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
    return {call(grads[0], kernel, ctx->saved_data["factors"].toIntVector(), ctx->saved_data["pads"].toIntVector()),
            {},
            {},
            {}};
  }
};

Tensor fir_resample_autograd(const Tensor& x, const Tensor& kernel, at::IntArrayRef factors, at::IntArrayRef pads) {
  return FirResampleFunction::apply(x, kernel.detach(), factors, pads);
}

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def("fir_resample(Tensor x, Tensor kernel, int[] factors, int[] pads) -> Tensor");
}
TORCH_LIBRARY_IMPL(lifted, CPU, m) {
  m.impl("fir_resample", cpu::fir_resample);
}
TORCH_LIBRARY_IMPL(lifted, CompositeExplicitAutograd, m) {
  m.impl("fir_resample", fir_resample_reference);
}
TORCH_LIBRARY_IMPL(lifted, Autograd, m) {
  m.impl("fir_resample", fir_resample_autograd);
}

}  // namespace

Tensor fir_resample(const Tensor& x, const Tensor& kernel, const FirResampleOptions& o, Implementation implementation) {
  TORCH_CHECK(x.dim() == 4, "fir_resample: x must be B×C×H×W, got ", x.sizes());
  TORCH_CHECK(kernel.dim() == 2 && kernel.numel() > 0, "fir_resample: kernel must be kh×kw, got ", kernel.sizes());
  TORCH_CHECK(o.up_x > 0 && o.up_y > 0 && o.down_x > 0 && o.down_y > 0, "fir_resample: factors must be positive");
  TORCH_CHECK(x.size(2) * o.up_y + o.pad_y0 + o.pad_y1 >= kernel.size(0) &&
                  x.size(3) * o.up_x + o.pad_x0 + o.pad_x1 >= kernel.size(1),
              "fir_resample: the padded image of ", x.sizes(), " is smaller than the kernel ", kernel.sizes());
  if (implementation == Implementation::reference) {
    return fir_resample_reference(x, kernel, factors_of(o), pads_of(o));
  }
  return call(x, kernel, factors_of(o), pads_of(o));
}

Tensor fir_kernel(const std::vector<float>& taps, double gain) {
  const auto line = torch::tensor(taps);
  const auto square = at::outer(line, line);
  return square * (gain / square.sum());
}

}  // namespace lifted::ops
