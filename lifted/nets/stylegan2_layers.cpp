#include "lifted/nets/stylegan2_layers.h"

#include <cmath>

#include "lifted/nets/half_blocks.h"
#include "lifted/ops/bias_act.h"
#include "lifted/ops/fir_resample.h"
#include "lifted/ops/modulated_conv.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

/// A child that only holds tensors under a name of its own ("noise.weight", "blur.kernel").
struct HolderImpl : torch::nn::Module {};
TORCH_MODULE(Holder);

Tensor register_child_parameter(torch::nn::Module& module, const char* child, const char* name, const Tensor& value) {
  return module.register_module(child, Holder())->register_parameter(name, value);
}

Tensor register_child_buffer(torch::nn::Module& module, const char* child, const char* name, const Tensor& value) {
  return module.register_module(child, Holder())->register_buffer(name, value);
}

/// StyleGAN's low-pass filter; twofold upsampling needs a gain of 4.
Tensor upsampling_kernel() {
  return ops::fir_kernel({1, 3, 3, 1}, 4);
}

}  // namespace

EqualLinearImpl::EqualLinearImpl(int64_t in, int64_t out, double bias_init, double lr_mul_)
    : lr_mul(lr_mul_), weight_gain(lr_mul_ / std::sqrt(static_cast<double>(in))) {
  weight = register_parameter("weight", torch::randn({out, in}) / lr_mul);
  bias = register_parameter("bias", torch::full({out}, bias_init));
}

Tensor EqualLinearImpl::forward(const Tensor& x) const {
  return torch::linear(x, effective_weight(), effective_bias());
}

ModulatedConv2dImpl::ModulatedConv2dImpl(const ModulatedConv2dOptions& o)
    : options(o), weight_gain(1 / std::sqrt(static_cast<double>(o.in * o.kernel * o.kernel))) {
  weight = register_parameter("weight", torch::randn({1, o.out, o.in, o.kernel, o.kernel}));
  if (o.upsample) fir = register_child_buffer(*this, "blur", "kernel", upsampling_kernel());
  modulation = register_module("modulation", EqualLinear(o.w_dim, o.in, 1));
}

Tensor ModulatedConv2dImpl::forward(const Tensor& x, const Tensor& w) const {
  if (is_half(x)) return forward_half(x, w);
  return ops::modulated_conv(
      x, weight.squeeze(0), modulation->forward(w), fir,
      {.weight_gain = weight_gain, .demodulate = options.demodulate, .upsample = options.upsample});
}

/// Scales of float32 around a convolution of half type. For fp16, factors that demodulation takes out again bring
/// weights and styles near 1 first, so that nothing overflows.
Tensor ModulatedConv2dImpl::forward_half(const Tensor& x, const Tensor& w) const {
  Tensor kernel = weight.squeeze(0) * weight_gain, style = modulation->forward(w), demodulation;
  if (options.demodulate) {
    if (x.scalar_type() == torch::kHalf) {
      kernel = kernel * (weight_gain / kernel.abs().amax({1, 2, 3}, true));
      style = style / style.abs().amax(1, true);
    }
    const Tensor energy = torch::matmul(style.square(), kernel.square().sum({2, 3}).t());
    demodulation = torch::rsqrt(energy + 1e-8).view({x.size(0), -1, 1, 1});
  }
  const Tensor y = in_float32_on_cpu(x, [&](const Tensor& in) {
    return ops::modulated_conv(in, rounded_to(kernel, x, in), rounded_to(style, x, in), fir,
                               {.weight_gain = 1, .demodulate = false, .upsample = options.upsample});
  });
  return demodulation.defined() ? y * demodulation.to(x.scalar_type()) : y;
}

StyledConvImpl::StyledConvImpl(const ModulatedConv2dOptions& options, std::optional<double> clamp_) : clamp(clamp_) {
  conv = register_module("conv", ModulatedConv2d(options));
  noise_strength = register_child_parameter(*this, "noise", "weight", torch::zeros({1}));
  bias = register_child_parameter(*this, "activate", "bias", torch::zeros({options.out}));
}

Tensor StyledConvImpl::forward(const Tensor& x, const Tensor& w, const Tensor& noise) const {
  auto y = conv->forward(x, w);
  if (noise.defined()) y = y + (noise_strength * noise).to(y.scalar_type());
  ops::BiasActOptions options;
  options.clamp = clamp_for(y, clamp);
  return in_float32_on_cpu(y, [&](const Tensor& in) { return ops::bias_act(in, rounded_to(bias, y, in), options); });
}

ToRgbImpl::ToRgbImpl(int64_t in, int64_t w_dim, bool upsample, std::optional<double> clamp_) : clamp(clamp_) {
  bias = register_parameter("bias", torch::zeros({1, 3, 1, 1}));
  if (upsample) fir = register_child_buffer(*this, "upsample", "kernel", upsampling_kernel());
  conv = register_module("conv", ModulatedConv2d(ModulatedConv2dOptions{
                                     .in = in, .out = 3, .kernel = 1, .w_dim = w_dim, .demodulate = false}));
}

Tensor ToRgbImpl::forward(const Tensor& x, const Tensor& w, const Tensor& skip) const {
  Tensor rgb = conv->forward(x, w) + bias.to(x.scalar_type());
  if (is_half(x)) rgb = rgb.to(torch::kFloat32);
  if (const auto bound = clamp_for(x, clamp)) rgb = rgb.clamp(-*bound, *bound);
  if (!skip.defined()) return rgb;
  return rgb + ops::fir_resample(skip, fir, ops::FirResampleOptions::uniform(2, 1, 2, 1));
}

}  // namespace lifted::nets
