// GroupNorm followed by ReLU, and by a convolution to one channel, as the lifting networks use them.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

struct GroupNorm {
  int64_t groups = 1;
  torch::Tensor weight, bias;  // C each
  double eps = 1e-5;
};

/// relu(group_norm(x)). x: B×C×H×W; it is consumed: where no gradient is wanted its memory may hold the result.
/// channels_last tensors are the fast ones. Without gradients, in fp32 on a CPU with C a multiple of 16, the same bits
/// for any thread count and batch size.
torch::Tensor group_norm_relu(torch::Tensor&& x, const GroupNorm& norm,
                              Implementation implementation = Implementation::fused);

/// conv2d(group_norm_relu(x), weight, bias) with zero padding that keeps the size: libtorch's convolution to one
/// channel is several times slower than its share of the arithmetic. weight: 1×C×k×k with odd k; bias: 1, or undefined
/// → B×1×H×W. x is read only. Bits as above.
torch::Tensor group_norm_relu_conv(const torch::Tensor& x, const GroupNorm& norm, const torch::Tensor& weight,
                                   const torch::Tensor& bias, Implementation implementation = Implementation::fused);

}  // namespace lifted::ops
