// Convolution and its two gradients: three bilinear maps whose derivatives are one another. Through them a transposed
// convolution is a convolution's input gradient, which oneDNN computes three to five times faster than
// conv_transpose2d, forward and backward, and second derivatives (R1, path length) stay on the same fast paths.
#pragma once

#include <vector>

#include "lifted/base/tensor.h"

namespace lifted::ops {

/// Zeros around a picture, alike on all sides or by axis.
struct Padding {
  int64_t y = 0, x = 0;
  Padding(int64_t both = 0) : y(both), x(both) {}
  Padding(int64_t along_y, int64_t along_x) : y(along_y), x(along_x) {}
};

/// Square stride, one group, no dilation.
struct ConvolutionOptions {
  int64_t stride = 1;
  Padding padding;
  double scale =
      1;  // multiplies the three maps, but not a bias: an equalized learning rate's gain, at no pass of its own
};

/// x: B×Cin×H×W, weight: Cout×Cin×kh×kw, bias: Cout or undefined → B×Cout×H'×W', H' = (H + 2·padding − kh)/stride + 1.
/// channels_last tensors are the fast ones. Differentiable in all to any order.
torch::Tensor conv2d(const torch::Tensor& x, const torch::Tensor& weight, const ConvolutionOptions& options = {},
                     const torch::Tensor& bias = {});

/// The gradient of <y, conv2d(x, weight, options)> with respect to x, of shape `input_size`. y: B×Cout×H'×W'.
torch::Tensor conv2d_input_gradient(const torch::Tensor& y, const torch::Tensor& weight, at::IntArrayRef input_size,
                                    const ConvolutionOptions& options = {});

/// The gradient of <y, conv2d(x, weight, options)> with respect to weight, of shape `weight_size`.
torch::Tensor conv2d_weight_gradient(const torch::Tensor& y, const torch::Tensor& x, at::IntArrayRef weight_size,
                                     const ConvolutionOptions& options = {});

/// conv_transpose2d with stride 2: x: B×Cin×H×W, weight: Cin×Cout×kh×kw (as torch's ConvTranspose2d keeps it) →
/// B×Cout×((H−1)·2 − 2·padding + kh)×(…). The result is channels_last. Differentiable in both to any order.
torch::Tensor conv_transpose2d_stride2(const torch::Tensor& x, const torch::Tensor& weight, int64_t padding = 0);

/// The size of conv2d's result from those of x and weight.
std::vector<int64_t> convolved_size(at::IntArrayRef x, at::IntArrayRef weight, const ConvolutionOptions& options);

}  // namespace lifted::ops
