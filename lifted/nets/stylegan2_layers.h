// The layers of a StyleGAN2 generator, named as in rosinality's implementation so that published state dicts fit.
#pragma once

#include <optional>

#include "lifted/base/torch_nn.h"

namespace lifted::nets {

/// Linear layer with equalized learning rate: y = x·Wᵀ·lr_mul/sqrt(in) + bias·lr_mul. Parameters weight (out×in), bias
/// (out).
class EqualLinearImpl : public torch::nn::Module {
 public:
  EqualLinearImpl(int64_t in, int64_t out, double bias_init = 0, double lr_mul = 1);
  torch::Tensor forward(const torch::Tensor& x) const;
  /// The weight and bias as used: multiplied by their gains.
  torch::Tensor effective_weight() const { return weight * weight_gain; }
  torch::Tensor effective_bias() const { return bias * lr_mul; }

  double lr_mul, weight_gain;
  torch::Tensor weight, bias;
};
TORCH_MODULE(EqualLinear);

struct ModulatedConv2dOptions {
  int64_t in = 0, out = 0, kernel = 3, w_dim = 512;
  bool demodulate = true, upsample = false;
};

/// Style affine (`modulation`) and modulated convolution. Parameter weight (1×out×in×k×k); buffer blur.kernel when
/// upsampling.
class ModulatedConv2dImpl : public torch::nn::Module {
 public:
  explicit ModulatedConv2dImpl(const ModulatedConv2dOptions& options);
  /// x: B×in×H×W, w: B×w_dim (float32) → B×out×H×W of x's type, twice the size when upsampling.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& w) const;

  ModulatedConv2dOptions options;
  double weight_gain;
  EqualLinear modulation{nullptr};
  torch::Tensor weight, fir;

 private:
  torch::Tensor forward_half(const torch::Tensor& x, const torch::Tensor& w) const;
};
TORCH_MODULE(ModulatedConv2d);

/// Modulated convolution, noise, bias, leaky ReLU. Children conv, noise (weight: 1), activate (bias: out).
class StyledConvImpl : public torch::nn::Module {
 public:
  StyledConvImpl(const ModulatedConv2dOptions& options, std::optional<double> clamp);
  /// noise: 1×1×H×W or B×1×H×W, or undefined for none.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& w, const torch::Tensor& noise) const;

  ModulatedConv2d conv{nullptr};
  torch::Tensor noise_strength, bias;
  std::optional<double> clamp;
};
TORCH_MODULE(StyledConv);

/// 1×1 modulated convolution to RGB without demodulation, plus the upsampled image so far. Children conv, upsample
/// (kernel); bias (1×3×1×1).
class ToRgbImpl : public torch::nn::Module {
 public:
  ToRgbImpl(int64_t in, int64_t w_dim, bool upsample, std::optional<double> clamp);
  /// skip: B×3×H/2×W/2 (float32, as the result), or undefined at the lowest resolution.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& w, const torch::Tensor& skip) const;

  ModulatedConv2d conv{nullptr};
  torch::Tensor bias, fir;
  std::optional<double> clamp;
};
TORCH_MODULE(ToRgb);

}  // namespace lifted::nets
