#include "lifted/ops/convolution.h"

#include <ATen/record_function.h>
#include <fmt/format.h>

#include <array>
#include <string>
#include <tuple>
#include <vector>

#include "lifted/ops/convolution_choice.h"
#include "lifted/ops/cpu/direct_conv.h"
#include "lifted/ops/cpu/winograd.h"

namespace lifted::ops {
namespace {
using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

using Algorithm = ConvolutionAlgorithm;
using Map = ConvolutionMap;

ConvolutionKind kind_of(Map map, at::IntArrayRef weight, at::IntArrayRef outer, const ConvolutionOptions& o) {
  return {map, weight[1], weight[0], weight[2], weight[3], o.stride, o.padding.y, o.padding.x, outer[2], outer[3]};
}

void run_on_random_numbers(const ConvolutionKind& kind, Algorithm algorithm);

/// The algorithm for a convolution; `outer` is y or its gradient.
Algorithm algorithm_for(Map map, const Tensor& any, at::IntArrayRef weight, at::IntArrayRef outer,
                        const ConvolutionOptions& o) {
  if (!any.is_cpu() || any.scalar_type() != at::kFloat || outer[0] == 0) return Algorithm::libtorch;
  const ConvolutionKind kind = kind_of(map, weight, outer, o);
  if (convolution_policy() != ConvolutionPolicy::measured) return algorithm_by_rule(kind, convolution_policy());
  return measured_algorithm(kind, [&](Algorithm algorithm) { run_on_random_numbers(kind, algorithm); });
}

/// Names a convolution for who watches torch's operators (bench/time_by_part.h), at no cost if nobody does.
class Named {
 public:
  Named(const char* map, Algorithm algorithm, at::IntArrayRef weight, at::IntArrayRef outer, int64_t stride)
      : record_(at::RecordScope::USER_SCOPE) {
    constexpr std::array kNames = {"libtorch", "planar libtorch", "direct", "Winograd"};
    if (!record_.isActive()) return;
    record_.before(fmt::format("{} {} {}→{} {}×{}/{} at {}×{}", kNames[static_cast<size_t>(algorithm)], map, weight[1],
                               weight[0], weight[2], weight[3], stride, outer[2], outer[3]));
  }

 private:
  at::RecordFunction record_;
};

/// The layout that libtorch's own are given.
at::MemoryFormat layout_of(Algorithm algorithm) {
  return algorithm == Algorithm::libtorch_planar ? at::MemoryFormat::Contiguous : kChannelsLast;
}

struct Maps {  // the three maps without autograd
  static Tensor forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& o) {
    const auto outer = convolved_size(x.sizes(), weight.sizes(), o);
    const Algorithm algorithm = algorithm_for(Map::forward, x, weight.sizes(), outer, o);
    const Named named("forward", algorithm, weight.sizes(), outer, o.stride);
    return forward(algorithm, x, weight, bias, o);
  }
  static Tensor input_gradient(const Tensor& y, const Tensor& weight, at::IntArrayRef size,
                               const ConvolutionOptions& o) {
    const Algorithm algorithm = algorithm_for(Map::input_gradient, y, weight.sizes(), y.sizes(), o);
    const Named named("input gradient", algorithm, weight.sizes(), y.sizes(), o.stride);
    return input_gradient(algorithm, y, weight, size, o);
  }
  static Tensor weight_gradient(const Tensor& y, const Tensor& x, at::IntArrayRef size, const ConvolutionOptions& o) {
    const Algorithm algorithm = algorithm_for(Map::weight_gradient, y, size, y.sizes(), o);
    const Named named("weight gradient", algorithm, size, y.sizes(), o.stride);
    return weight_gradient(algorithm, y, x, size, o);
  }

  static Tensor forward(Algorithm algorithm, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvolutionOptions& o) {
    switch (algorithm) {
      case Algorithm::winograd:
        return winograd_conv2d(x, weight, bias, o.padding.x, o.scale);
      case Algorithm::direct:
        return direct_conv2d(x, weight, bias, o);
      case Algorithm::libtorch_planar:
        return at::conv2d(x.contiguous(), scaled(weight, o).contiguous(), bias, {o.stride, o.stride},
                          {o.padding.y, o.padding.x})
            .contiguous(kChannelsLast);
      default:
        return at::conv2d(x, scaled(weight, o), bias, {o.stride, o.stride}, {o.padding.y, o.padding.x});
    }
  }
  static Tensor input_gradient(Algorithm algorithm, const Tensor& y, const Tensor& weight, at::IntArrayRef size,
                               const ConvolutionOptions& o) {
    switch (algorithm) {
      case Algorithm::winograd:
        return winograd_input_gradient(y, weight, o.padding.x, o.scale);
      case Algorithm::direct:
        return direct_input_gradient(y, weight, size, o);
      default: {  // Only the shape and layout of the input are read.
        const auto layout = layout_of(algorithm);
        const auto filter = algorithm == Algorithm::libtorch_planar ? weight.contiguous() : weight;
        return std::get<0>(torch_gradients(y.contiguous(layout), at::empty(size, y.options().memory_format(layout)),
                                           scaled(filter, o), o, {true, false, false}))
            .contiguous(kChannelsLast);
      }
    }
  }
  static Tensor weight_gradient(Algorithm algorithm, const Tensor& y, const Tensor& x, at::IntArrayRef size,
                                const ConvolutionOptions& o) {
    switch (algorithm) {
      case Algorithm::winograd:
        return winograd_weight_gradient(y, x, o.padding.x, o.scale);
      case Algorithm::direct:
        return direct_weight_gradient(y, x, size, o);
      default: {
        const auto layout = layout_of(algorithm);
        return scaled(std::get<1>(torch_gradients(y.contiguous(layout), x.contiguous(layout),
                                                  at::empty(size, y.options()), o, {false, true, false})),
                      o);
      }
    }
  }

 private:
  static Tensor scaled(const Tensor& weight, const ConvolutionOptions& o) {
    return o.scale == 1 ? weight : weight * o.scale;
  }
  static std::tuple<Tensor, Tensor, Tensor> torch_gradients(const Tensor& y, const Tensor& x, const Tensor& weight,
                                                            const ConvolutionOptions& o, std::array<bool, 3> which) {
    return at::convolution_backward(y, x, weight, {}, {o.stride, o.stride}, {o.padding.y, o.padding.x}, {1, 1}, false,
                                    {0, 0}, 1, which);
  }
};

/// Of a batch of four, whatever the batch in hand.
void run_on_random_numbers(const ConvolutionKind& kind, Algorithm algorithm) {
  const ConvolutionOptions o{kind.stride, {kind.padding_y, kind.padding_x}};
  const auto noise = [](at::IntArrayRef size) {  // draws from no generator
    return at::arange(c10::multiply_integers(size), at::kFloat).sin_().reshape(size).contiguous(kChannelsLast);
  };
  const std::vector<int64_t> inner = {4, kind.in, (kind.height - 1) * kind.stride + kind.kernel_y - 2 * kind.padding_y,
                                      (kind.width - 1) * kind.stride + kind.kernel_x - 2 * kind.padding_x},
                             filter = {kind.out, kind.in, kind.kernel_y, kind.kernel_x};
  static thread_local std::tuple<std::string, Tensor, Tensor, Tensor> made;  // the same for every run of a kind
  if (std::get<0>(made) != kind.name()) {
    made = {kind.name(), noise(inner), noise(filter), noise({4, kind.out, kind.height, kind.width})};
  }
  const auto& [name, x, weight, y] = made;
  if (kind.map == Map::forward) Maps::forward(algorithm, x, weight, {}, o);
  if (kind.map == Map::input_gradient) Maps::input_gradient(algorithm, y, weight, inner, o);
  if (kind.map == Map::weight_gradient) Maps::weight_gradient(algorithm, y, x, filter, o);
}

void save(AutogradContext* ctx, const Tensor& a, const Tensor& b, const ConvolutionOptions& o) {
  ctx->save_for_backward({a, b});
  ctx->saved_data["stride"] = o.stride;
  ctx->saved_data["scale"] = o.scale;
  ctx->saved_data["padding"] = std::vector<int64_t>{o.padding.y, o.padding.x};
  ctx->saved_data["needs"] = std::vector<int64_t>{a.requires_grad(), b.requires_grad()};
}

ConvolutionOptions saved_options(AutogradContext* ctx) {
  const auto padding = ctx->saved_data["padding"].toIntVector();
  return {ctx->saved_data["stride"].toInt(), {padding[0], padding[1]}, ctx->saved_data["scale"].toDouble()};
}

bool needs(AutogradContext* ctx, size_t argument) {
  return ctx->saved_data["needs"].toIntVector()[argument] != 0;
}

/// What no derivative is taken in: a bias that needs one is added outside.
struct Constants {
  ConvolutionOptions options;
  Tensor bias;
};

struct Forward : torch::autograd::Function<Forward> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight, const Constants& constants) {
    at::AutoDispatchBelowADInplaceOrView guard;
    save(ctx, x, weight, constants.options);
    return Maps::forward(x, weight, constants.bias, constants.options);
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

Tensor conv2d(const Tensor& x, const Tensor& weight, const ConvolutionOptions& options, const Tensor& bias) {
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4 && x.size(1) == weight.size(1), "conv2d: x ", x.sizes(), " and weight ",
              weight.sizes(), " disagree about the input channels");
  TORCH_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == weight.size(0)),
              "conv2d: a bias of one value for each of the ", weight.size(0), " output channels, got ", bias.sizes());
  if (at::GradMode::is_enabled() && bias.defined() && bias.requires_grad()) {
    return conv2d(x, weight, options) + bias.view({1, -1, 1, 1});
  }
  return any_gradient(x, weight) ? Forward::apply(x, weight, Constants{options, bias})
                                 : Maps::forward(x, weight, bias, options);
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

std::vector<int64_t> convolved_size(at::IntArrayRef x, at::IntArrayRef weight, const ConvolutionOptions& o) {
  const auto side = [&](size_t axis, int64_t padding) { return (x[axis] + 2 * padding - weight[axis]) / o.stride + 1; };
  return {x[0], weight[0], side(2, o.padding.y), side(3, o.padding.x)};
}

Tensor conv_transpose2d_stride2(const Tensor& x, const Tensor& weight, int64_t padding) {
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4, "conv_transpose2d_stride2: x and weight must have 4 dimensions");
  const auto side = [&](int64_t axis) { return (x.size(axis) - 1) * 2 - 2 * padding + weight.size(axis); };
  return conv2d_input_gradient(x, weight, {x.size(0), weight.size(1), side(2), side(3)}, {2, padding});
}

}  // namespace lifted::ops
