// Convolutions of any kernel and stride as sums of matrix products, one for each tap: as fast as the processor's
// multiply-adds where a library's channels_last kernels are not. All tensors are fp32 on the CPU with multiples of
// 16 channels; results are channels_last and do not depend on the batch or the number of threads.
#pragma once

#include <torch/types.h>

#include "lifted/ops/convolution.h"

namespace lifted::ops {

/// Whether the functions below take these channels, and gain by it on this processor.
bool direct_conv_takes(int64_t in, int64_t out);

/// As conv2d and its gradients (convolution.h).
torch::Tensor direct_conv2d(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                            const ConvolutionOptions& options);
torch::Tensor direct_input_gradient(const torch::Tensor& y, const torch::Tensor& weight, at::IntArrayRef input_size,
                                    const ConvolutionOptions& options);
torch::Tensor direct_weight_gradient(const torch::Tensor& y, const torch::Tensor& x, at::IntArrayRef weight_size,
                                     const ConvolutionOptions& options);

}  // namespace lifted::ops
