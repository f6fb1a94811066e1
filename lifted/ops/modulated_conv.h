// StyleGAN2's modulated and demodulated convolution.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

struct ModulatedConvOptions {
  double weight_gain = 1;  // multiplies the weight: 1/sqrt(fan_in) for equalized learning rates
  bool demodulate = true;
  bool upsample = false;  // transposed convolution of stride 2, then `fir` with padding (1, 1)
};

/// Scales the input channels of every sample by its style, convolves, and divides each output channel by the norm the
/// scaled weights have. x: B×Cin×H×W, weight: Cout×Cin×k×k (k odd), style: B×Cin, fir: 4×4 with a sum of 4 (only read
/// when upsampling). Result: B×Cout×H×W, or ×2H×2W when upsampling. Differentiable in x, weight and style to any order.
/// The reference convolves with per-sample weights as the publications write it; fused scales activations around one
/// shared convolution.
torch::Tensor modulated_conv(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& style,
                             const torch::Tensor& fir, const ModulatedConvOptions& options,
                             Implementation implementation = Implementation::fused);

}  // namespace lifted::ops
