// Inference forms of StyleGAN2's layers: one pass per layer, no gradients. In fp32 on a CPU every output element is one
// fixed sequence of operations, so results are bitwise the same for any batch size and number of threads.
#pragma once

#include <array>
#include <limits>
#include <optional>

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

/// Weights arranged as their device reads them: blocks for the CPU's kernels, as they were elsewhere.
struct PackedWeights {
  int64_t out = 0, in = 0, kernel = 0;
  torch::Tensor data;
};

/// weight: out×in×k×k with k 1 or 3, or out×in. Error otherwise.
PackedWeights pack_weights(const torch::Tensor& weight);

struct Activation {
  float slope = 1, gain = 1;  // leaky ReLU, then gain; 0 < slope <= 1
  float clamp = std::numeric_limits<float>::infinity();
};

struct StyledConvInputs {
  torch::Tensor x;          // B×in×H×W, channels_last
  torch::Tensor in_scale;   // B×in, or undefined
  torch::Tensor out_scale;  // B×out, or undefined
  torch::Tensor noise;      // (1 or B)×1×H'×W', or undefined
  float noise_strength = 0;
  torch::Tensor bias;  // out, or undefined
  Activation activation;
  bool upsample = false;
  std::array<float, 4> fir = {};  // filter along either axis after the transposed convolution
};

/// activation(conv(x · in_scale) · out_scale + noise_strength · noise + bias): B×out×H'×W', channels_last.
torch::Tensor styled_conv(const PackedWeights& weights, const StyledConvInputs& inputs,
                          Implementation implementation = Implementation::fused);

/// activation(x · weightᵀ + bias). x: B×in → B×out. bias: out, or undefined.
torch::Tensor packed_linear(const PackedWeights& weights, const torch::Tensor& x, const torch::Tensor& bias,
                            const Activation& activation = {}, Implementation implementation = Implementation::fused);

struct ToRgbInputs {
  torch::Tensor x;       // B×C×H×W, channels_last
  torch::Tensor weight;  // B×3×C: already modulated
  torch::Tensor bias;    // 3
  torch::Tensor skip;    // B×3×H/2×W/2 (NCHW), or undefined
  float clamp = std::numeric_limits<float>::infinity();
  std::array<float, 4> fir = {};  // filter along either axis of the zero-inserted skip, padding (2, 1)
};

/// clamp(weight · x + bias) + upsampled skip: B×3×H×W (NCHW).
torch::Tensor styled_to_rgb(const ToRgbInputs& inputs, Implementation implementation = Implementation::fused);

/// The four taps whose outer product is `kernel` (4×4), or nothing if it is no such product.
std::optional<std::array<float, 4>> separate_fir(const torch::Tensor& kernel);

}  // namespace lifted::ops
