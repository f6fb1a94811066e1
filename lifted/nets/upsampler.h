// What the two convolutional lifting networks share: a code grown to a feature map by transposed convolutions.
#pragma once

#include <functional>

#include "lifted/base/torch_nn.h"
#include "lifted/ops/group_norm_relu.h"

namespace lifted::nets {

/// Bias-free k×k convolution that keeps the size.
torch::nn::Conv2d make_conv(int in, int out, int kernel, bool bias = false);
/// Bias-free 4×4 transposed convolution of a 1×1 map to 4×4.
torch::nn::ConvTranspose2d make_first_upconv(int in, int out);
/// Bias-free 4×4 transposed convolution that doubles the side.
torch::nn::ConvTranspose2d make_upconv(int in, int out);
/// GroupNorm of groups of 4 channels.
torch::nn::GroupNorm make_norm(int channels);

/// What the module normalizes with.
ops::GroupNorm norm_of(const torch::nn::GroupNormImpl& norm);

/// Runs modules [first, last) of a published Sequential: convolutions, transposed convolutions, and GroupNorm + ReLU
/// pairs, each in its fastest form. An opening transposed convolution of a 1×1 map (stride 1) becomes a matrix product.
/// channels_last throughout.
torch::Tensor run_layers(const torch::nn::Sequential& network, size_t first, size_t last, torch::Tensor x);

/// Runs `f` on codes x (B×z) so that the result of a sample does not depend on the batch it is in: libtorch picks its
/// algorithm for small maps by the batch size, so without gradients every call gets exactly 8 samples, the last one
/// filled up with zeros.
torch::Tensor in_fixed_batches(const torch::Tensor& x, const std::function<torch::Tensor(const torch::Tensor&)>& f);

}  // namespace lifted::nets
