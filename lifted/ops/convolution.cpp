#include "lifted/ops/convolution.h"

namespace lifted::ops {
namespace {
using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

struct Maps {  // the three maps without autograd
  static Tensor forward(const Tensor& x, const Tensor& weight, const ConvolutionOptions& o) {
    return at::conv2d(x, weight, {}, {o.stride, o.stride}, {o.padding, o.padding});
  }
  static Tensor input_gradient(const Tensor& y, const Tensor& weight, at::IntArrayRef size,
                               const ConvolutionOptions& o) {
    // Only the shape and layout of the input are read.
    const auto input = at::empty(size, y.options().memory_format(kChannelsLast));
    return std::get<0>(at::convolution_backward(y.contiguous(kChannelsLast), input, weight, {}, {o.stride, o.stride},
                                                {o.padding, o.padding}, {1, 1}, false, {0, 0}, 1,
                                                {true, false, false}));
  }
  static Tensor weight_gradient(const Tensor& y, const Tensor& x, at::IntArrayRef size, const ConvolutionOptions& o) {
    const auto weight = at::empty(size, y.options());
    return std::get<1>(at::convolution_backward(y.contiguous(kChannelsLast), x.contiguous(kChannelsLast), weight, {},
                                                {o.stride, o.stride}, {o.padding, o.padding}, {1, 1}, false, {0, 0}, 1,
                                                {false, true, false}));
  }
};

void save(AutogradContext* ctx, const Tensor& a, const Tensor& b, const ConvolutionOptions& o) {
  ctx->save_for_backward({a, b});
  ctx->saved_data["stride"] = o.stride;
  ctx->saved_data["padding"] = o.padding;
  ctx->saved_data["needs"] = std::vector<int64_t>{a.requires_grad(), b.requires_grad()};
}

ConvolutionOptions saved_options(AutogradContext* ctx) {
  return {ctx->saved_data["stride"].toInt(), ctx->saved_data["padding"].toInt()};
}

bool needs(AutogradContext* ctx, size_t argument) {
  return ctx->saved_data["needs"].toIntVector()[argument] != 0;
}

struct Forward : torch::autograd::Function<Forward> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight, ConvolutionOptions o) {
    at::AutoDispatchBelowADInplaceOrView guard;
    save(ctx, x, weight, o);
    return Maps::forward(x, weight, o);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto o = saved_options(ctx);
    return {needs(ctx, 0) ? conv2d_input_gradient(grads[0], saved[1], saved[0].sizes(), o) : Tensor(),
            needs(ctx, 1) ? conv2d_weight_gradient(grads[0], saved[0], saved[1].sizes(), o) : Tensor(), Tensor()};
  }
};

struct InputGradient : torch::autograd::Function<InputGradient> {
  static Tensor forward(AutogradContext* ctx, const Tensor& y, const Tensor& weight, std::vector<int64_t> size,
                        ConvolutionOptions o) {
    at::AutoDispatchBelowADInplaceOrView guard;
    save(ctx, y, weight, o);
    return Maps::input_gradient(y, weight, size, o);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto o = saved_options(ctx);
    return {needs(ctx, 0) ? conv2d(grads[0], saved[1], o) : Tensor(),
            needs(ctx, 1) ? conv2d_weight_gradient(saved[0], grads[0], saved[1].sizes(), o) : Tensor(), Tensor(),
            Tensor()};
  }
};

struct WeightGradient : torch::autograd::Function<WeightGradient> {
  static Tensor forward(AutogradContext* ctx, const Tensor& y, const Tensor& x, std::vector<int64_t> size,
                        ConvolutionOptions o) {
    at::AutoDispatchBelowADInplaceOrView guard;
    save(ctx, y, x, o);
    return Maps::weight_gradient(y, x, size, o);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto o = saved_options(ctx);
    return {needs(ctx, 0) ? conv2d(saved[1], grads[0], o) : Tensor(),
            needs(ctx, 1) ? conv2d_input_gradient(saved[0], grads[0], saved[1].sizes(), o) : Tensor(), Tensor(),
            Tensor()};
  }
};

bool any_gradient(const Tensor& a, const Tensor& b) {
  return at::GradMode::is_enabled() && (a.requires_grad() || b.requires_grad());
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const ConvolutionOptions& options) {
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4 && x.size(1) == weight.size(1), "conv2d: x ", x.sizes(), " and weight ",
              weight.sizes(), " disagree about the input channels");
  return any_gradient(x, weight) ? Forward::apply(x, weight, options) : Maps::forward(x, weight, options);
}

Tensor conv2d_input_gradient(const Tensor& y, const Tensor& weight, at::IntArrayRef input_size,
                             const ConvolutionOptions& options) {
  TORCH_CHECK(y.dim() == 4 && weight.dim() == 4 && y.size(1) == weight.size(0), "conv2d_input_gradient: y ", y.sizes(),
              " and weight ", weight.sizes(), " disagree about the output channels");
  return any_gradient(y, weight) ? InputGradient::apply(y, weight, input_size.vec(), options)
                                 : Maps::input_gradient(y, weight, input_size, options);
}

Tensor conv2d_weight_gradient(const Tensor& y, const Tensor& x, at::IntArrayRef weight_size,
                              const ConvolutionOptions& options) {
  TORCH_CHECK(y.dim() == 4 && x.dim() == 4 && y.size(0) == x.size(0), "conv2d_weight_gradient: y ", y.sizes(),
              " and x ", x.sizes(), " disagree about the batch");
  return any_gradient(y, x) ? WeightGradient::apply(y, x, weight_size.vec(), options)
                            : Maps::weight_gradient(y, x, weight_size, options);
}

Tensor conv_transpose2d_stride2(const Tensor& x, const Tensor& weight, int64_t padding) {
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4, "conv_transpose2d_stride2: x and weight must have 4 dimensions");
  const auto side = [&](int64_t axis) { return (x.size(axis) - 1) * 2 - 2 * padding + weight.size(axis); };
  return conv2d_input_gradient(x, weight, {x.size(0), weight.size(1), side(2), side(3)}, {2, padding});
}

}  // namespace lifted::ops
