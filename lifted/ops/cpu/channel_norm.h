// GroupNorm on a CPU, in two passes over channels_last memory.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::ops::cpu {

/// Whether the kernels of GroupNorm apply: channels_last memory and a multiple of 16 channels, in fp32.
bool has_channel_kernels(const torch::Tensor& x);

/// A GroupNorm reduced to one multiply-add per value: y = scale · x + shift.
struct NormAffine {
  torch::Tensor scale, shift;  // B×C each
};

/// The statistics of x (B×C×H×W) per sample and group of C/groups channels, folded with weight and bias (C each). Same
/// bits for any thread count and batch size.
NormAffine group_norm_affine(const torch::Tensor& x, int64_t groups, const torch::Tensor& weight,
                             const torch::Tensor& bias, double eps = 1e-5);

/// conv2d(relu(affine.scale · x + affine.shift), weight, bias) with zero padding that keeps the size. weight: 1×C×k×k
/// with odd k; bias: 1, or undefined → B×1×H×W. Bits as above.
torch::Tensor affine_relu_plane_conv(const torch::Tensor& x, const NormAffine& affine, const torch::Tensor& weight,
                                     const torch::Tensor& bias);

}  // namespace lifted::ops::cpu
