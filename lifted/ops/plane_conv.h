// A convolution down to one channel: libtorch's is several times slower than its share of the arithmetic.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/ops/group_norm_relu.h"

namespace lifted::ops {

/// conv2d(relu(affine.scale · x + affine.shift), weight, bias) with zero padding that keeps the size. x: B×C×H×W with
/// has_channel_kernels(x); weight: 1×C×k×k with odd k; bias: 1, or undefined → B×1×H×W. No gradients. Same bits for any
/// thread count and batch size.
torch::Tensor affine_relu_plane_conv(const torch::Tensor& x, const NormAffine& affine, const torch::Tensor& weight,
                                     const torch::Tensor& bias);

}  // namespace lifted::ops
