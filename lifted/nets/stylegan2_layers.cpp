#include "lifted/nets/stylegan2_layers.h"

#include <cmath>

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
  return ops::modulated_conv(
      x, weight.squeeze(0), modulation->forward(w), fir,
      {.weight_gain = weight_gain, .demodulate = options.demodulate, .upsample = options.upsample});
}

StyledConvImpl::StyledConvImpl(const ModulatedConv2dOptions& options, std::optional<double> clamp_) : clamp(clamp_) {
  conv = register_module("conv", ModulatedConv2d(options));
  noise_strength = register_child_parameter(*this, "noise", "weight", torch::zeros({1}));
  bias = register_child_parameter(*this, "activate", "bias", torch::zeros({options.out}));
}

Tensor StyledConvImpl::forward(const Tensor& x, const Tensor& w, const Tensor& noise) const {
  auto y = conv->forward(x, w);
  if (noise.defined()) y = y + noise_strength * noise;
  ops::BiasActOptions options;
  options.clamp = clamp;
  return ops::bias_act(y, bias, options);
}

ToRgbImpl::ToRgbImpl(int64_t in, int64_t w_dim, bool upsample, std::optional<double> clamp_) : clamp(clamp_) {
  bias = register_parameter("bias", torch::zeros({1, 3, 1, 1}));
  if (upsample) fir = register_child_buffer(*this, "upsample", "kernel", upsampling_kernel());
  conv = register_module("conv", ModulatedConv2d(ModulatedConv2dOptions{
                                     .in = in, .out = 3, .kernel = 1, .w_dim = w_dim, .demodulate = false}));
}

Tensor ToRgbImpl::forward(const Tensor& x, const Tensor& w, const Tensor& skip) const {
  auto rgb = conv->forward(x, w) + bias;
  if (clamp) rgb = rgb.clamp(-*clamp, *clamp);
  if (!skip.defined()) return rgb;
  return rgb + ops::fir_resample(skip, fir, ops::FirResampleOptions::uniform(2, 1, 2, 1));
}

}  // namespace lifted::nets
