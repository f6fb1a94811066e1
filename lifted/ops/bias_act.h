// Bias, leaky ReLU, gain and clamp in one pass.
#pragma once

#include <cmath>
#include <optional>

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

struct BiasActOptions {
  double slope = 0.2;                // of the negative side; > 0. 1 makes the activation linear.
  double gain = std::sqrt(2.0);      // > 0, applied after the activation
  std::optional<double> clamp = {};  // |y| <= clamp, applied after the gain (NVIDIA's conv_clamp); nothing if absent
};

/// y = clamp(gain · leaky_relu(x + bias)). x: B×C or B×C×H×W (NCHW or channels_last; y has the same layout);
/// bias: C, or undefined for none. Gradients flow to x and bias, and through these gradients again (R1, path length).
/// Errors: c10::Error if shapes or dtypes disagree. Source: fused_leaky_relu of the public StyleGAN2 implementations.
torch::Tensor bias_act(const torch::Tensor& x, const torch::Tensor& bias, const BiasActOptions& options = {},
                       Implementation implementation = Implementation::fused);

}  // namespace lifted::ops
