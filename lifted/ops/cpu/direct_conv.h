// Convolutions of any kernel and stride as products of gathered pixels: as fast as the processor's multiply-adds where
// a library's channels_last kernels are not. All tensors are fp32 on the CPU; results are channels_last and do not
// depend on the batch or the number of threads.
#pragma once

#include <torch/types.h>

#include "lifted/ops/convolution.h"

namespace lifted::ops {

/// Whether the functions below gain by these channels on this processor.
bool direct_conv_takes(int64_t in, int64_t out);

/// As conv2d and its gradients (convolution.h).
torch::Tensor direct_conv2d(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                            const ConvolutionOptions& options);
torch::Tensor direct_input_gradient(const torch::Tensor& y, const torch::Tensor& weight, at::IntArrayRef input_size,
                                    const ConvolutionOptions& options);
torch::Tensor direct_weight_gradient(const torch::Tensor& y, const torch::Tensor& x, at::IntArrayRef weight_size,
                                     const ConvolutionOptions& options);

/// Weights times `scale` as direct_conv2d_into reads them.
torch::Tensor pack_direct(const torch::Tensor& weight, double scale = 1);

/// What direct_conv2d returns, at least 0 in the first relu_channels (a multiple of 16, or all), written to `y`. x and
/// y: channels innermost, also parts of the channels of a channels_last tensor. bias: out rounded up to 16, or
/// undefined.
void direct_conv2d_into(const torch::Tensor& x, const torch::Tensor& packed, at::IntArrayRef weight_size,
                        const torch::Tensor& bias, const ConvolutionOptions& options, int64_t relu_channels,
                        const torch::Tensor& y);

}  // namespace lifted::ops
