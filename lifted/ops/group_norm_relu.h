// GroupNorm followed by ReLU, as the lifting networks' convolutions use it.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::ops {

/// A GroupNorm reduced to one multiply-add per value: y = scale · x + shift.
struct NormAffine {
  torch::Tensor scale, shift;  // B×C each
};

/// The statistics of x (B×C×H×W) per sample and group of C/groups channels, folded with weight and bias (C each).
/// No gradients. Same bits for any thread count and batch size.
NormAffine group_norm_affine(const torch::Tensor& x, int64_t groups, const torch::Tensor& weight,
                             const torch::Tensor& bias, double eps = 1e-5);

/// relu(group_norm(x)). Where no gradient is needed, x is a fp32 channels_last CPU tensor and C is a multiple of 16, it
/// works in place (x holds the result afterwards); otherwise it is torch's two operations.
torch::Tensor group_norm_relu(torch::Tensor x, int64_t groups, const torch::Tensor& weight, const torch::Tensor& bias,
                              double eps = 1e-5);

/// Whether the fused kernels of this file and plane_conv.h apply to x.
bool has_channel_kernels(const torch::Tensor& x);

}  // namespace lifted::ops
