#include "lifted/ops/convolution.h"

#include <ATen/record_function.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string>

#include "lifted/ops/cpu/direct_conv.h"
#include "lifted/ops/cpu/winograd.h"

namespace lifted::ops {
namespace {
using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

using Algorithm = ConvolutionAlgorithm;
enum class Map { forward, input_gradient, weight_gradient };

/// Fewer channels than this leave most of a vector empty.
constexpr int64_t kThin = 8;

bool direct_takes(Map map, at::IntArrayRef weight) {
  if (best_convolution_algorithm() == Algorithm::libtorch || !direct_conv_takes(weight[1], weight[0])) return false;
  const bool thin = std::min(weight[0], weight[1]) < kThin, pointwise = weight[2] * weight[3] == 1;
  return !thin || (pointwise && map != Map::weight_gradient);
}

/// The algorithm for a convolution; `outer` is y or its gradient. Sides and channels decide, not the batch, so that a
/// sample's result does not depend on its company.
Algorithm algorithm_for(Map map, const Tensor& any, at::IntArrayRef weight, at::IntArrayRef outer,
                        const ConvolutionOptions& o) {
  if (!any.is_cpu() || any.scalar_type() != at::kFloat || outer[0] == 0) return Algorithm::libtorch;
  const bool three = weight[2] == 3 && weight[3] == 3 && o.stride == 1 && o.padding.x == o.padding.y;
  if (best_convolution_algorithm() == Algorithm::winograd && three && o.padding.x <= 2 &&
      winograd_takes(weight[1], weight[0], std::min(outer[2], outer[3]))) {
    return Algorithm::winograd;
  }
  return direct_takes(map, weight) ? Algorithm::direct : Algorithm::libtorch;
}

/// Names a convolution for who watches torch's operators (bench/time_by_part.h), at no cost if nobody does.
class Named {
 public:
  Named(const char* map, Algorithm algorithm, at::IntArrayRef weight, at::IntArrayRef outer, int64_t stride)
      : record_(at::RecordScope::USER_SCOPE) {
    constexpr std::array kNames = {"libtorch", "direct", "Winograd"};
    if (!record_.isActive()) return;
    record_.before(fmt::format("{} {} {}→{} {}×{}/{} at {}×{}", kNames[static_cast<size_t>(algorithm)], map, weight[1],
                               weight[0], weight[2], weight[3], stride, outer[2], outer[3]));
  }

 private:
  at::RecordFunction record_;
};

struct Maps {  // the three maps without autograd
  static Tensor forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& o) {
    const auto outer = convolved_size(x.sizes(), weight.sizes(), o);
    const Algorithm algorithm = algorithm_for(Map::forward, x, weight.sizes(), outer, o);
    const Named named("forward", algorithm, weight.sizes(), outer, o.stride);
    switch (algorithm) {
      case Algorithm::winograd:
        return winograd_conv2d(x, weight, bias, o.padding.x, o.scale);
      case Algorithm::direct:
        return direct_conv2d(x, weight, bias, o);
      default:
        return at::conv2d(x, scaled(weight, o), bias, {o.stride, o.stride}, {o.padding.y, o.padding.x});
    }
  }
  static Tensor input_gradient(const Tensor& y, const Tensor& weight, at::IntArrayRef size,
                               const ConvolutionOptions& o) {
    const Algorithm algorithm = algorithm_for(Map::input_gradient, y, weight.sizes(), y.sizes(), o);
    const Named named("input gradient", algorithm, weight.sizes(), y.sizes(), o.stride);
    switch (algorithm) {
      case Algorithm::winograd:
        return winograd_input_gradient(y, weight, o.padding.x, o.scale);
      case Algorithm::direct:
        return direct_input_gradient(y, weight, size, o);
      default:  // Only the shape and layout of the input are read.
        return std::get<0>(torch_gradients(y, at::empty(size, y.options().memory_format(kChannelsLast)),
                                           scaled(weight, o), o, {true, false, false}));
    }
  }
  static Tensor weight_gradient(const Tensor& y, const Tensor& x, at::IntArrayRef size, const ConvolutionOptions& o) {
    const Algorithm algorithm = algorithm_for(Map::weight_gradient, y, size, y.sizes(), o);
    const Named named("weight gradient", algorithm, size, y.sizes(), o.stride);
    switch (algorithm) {
      case Algorithm::winograd:
        return winograd_weight_gradient(y, x, o.padding.x, o.scale);
      case Algorithm::direct:
        return direct_weight_gradient(y, x, size, o);
      default:
        return scaled(std::get<1>(torch_gradients(y, x.contiguous(kChannelsLast), at::empty(size, y.options()), o,
                                                  {false, true, false})),
                      o);
    }
  }

 private:
  static Tensor scaled(const Tensor& weight, const ConvolutionOptions& o) {
    return o.scale == 1 ? weight : weight * o.scale;
  }
  static std::tuple<Tensor, Tensor, Tensor> torch_gradients(const Tensor& y, const Tensor& x, const Tensor& weight,
                                                            const ConvolutionOptions& o, std::array<bool, 3> which) {
    return at::convolution_backward(y.contiguous(kChannelsLast), x, weight, {}, {o.stride, o.stride},
                                    {o.padding.y, o.padding.x}, {1, 1}, false, {0, 0}, 1, which);
  }
};

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

ConvolutionAlgorithm best_convolution_algorithm() {
  static const Algorithm best = [] {
    const char* name = std::getenv("LIFTED_CONVOLUTION");
    const std::string wanted = name ? name : "";
    return wanted == "libtorch" ? Algorithm::libtorch : wanted == "direct" ? Algorithm::direct : Algorithm::winograd;
  }();
  return best;
}

std::string convolution_algorithms() {
  std::string names;
  const Algorithm best = best_convolution_algorithm();
  if (best == Algorithm::winograd && winograd_takes(16, 16, 64)) names += "Winograd F(4×4, 3×3), ";
  if (best != Algorithm::libtorch && direct_conv_takes(16, 16)) names += "direct, ";
  return names + "libtorch";
}

Tensor conv_transpose2d_stride2(const Tensor& x, const Tensor& weight, int64_t padding) {
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4, "conv_transpose2d_stride2: x and weight must have 4 dimensions");
  const auto side = [&](int64_t axis) { return (x.size(axis) - 1) * 2 - 2 * padding + weight.size(axis); };
  return conv2d_input_gradient(x, weight, {x.size(0), weight.size(1), side(2), side(3)}, {2, padding});
}

}  // namespace lifted::ops
