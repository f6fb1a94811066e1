// Convolutions of stride 1 by Winograd's minimal filtering: a quarter of the multiplications for 3×3 and about a third
// for filters along one axis, in fp32 nearly as exact as the direct sum (docs/results.md). All tensors are fp32 on the
// CPU with multiples of 16 channels; results are channels_last and do not depend on the batch or the number of threads.
#pragma once

#include <torch/types.h>

#include <optional>

#include "lifted/ops/cpu/winograd_transform_kernel.h"

namespace lifted::ops {

/// Whether 3×3 gains by these sizes. side: the shorter side of the output; products of tiny maps are too small.
bool winograd_takes(int64_t in, int64_t out, int64_t side);

/// x: B×in×H×W, weight: out×in×3×3, bias: out or undefined; padding 0 to 2 → B×out×(H+2p−2)×(W+2p−2).
/// scale multiplies all but the bias, here and below.
torch::Tensor winograd_conv2d(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                              int64_t padding, double scale = 1);

/// The adjoint in x: y: B×out×H'×W' → B×in×(H'−2p+2)×(W'−2p+2).
torch::Tensor winograd_input_gradient(const torch::Tensor& y, const torch::Tensor& weight, int64_t padding,
                                      double scale = 1);

/// The adjoint in weight: out×in×3×3, contiguous.
torch::Tensor winograd_weight_gradient(const torch::Tensor& y, const torch::Tensor& x, int64_t padding,
                                       double scale = 1);

/// The form for filters of these sizes, if there is one and the processor gains by it.
std::optional<WinogradForm> winograd_form(int64_t in, int64_t out, int64_t kernel_y, int64_t kernel_x);

/// Weights as winograd_conv2d_into reads them.
torch::Tensor pack_winograd(const torch::Tensor& weight, WinogradForm form);

/// What the convolution returns, at least 0 in the first relu_channels (a multiple of 16), written to `y`. x and y:
/// channels innermost, also parts of the channels of a channels_last tensor. bias: out values or undefined.
void winograd_conv2d_into(const torch::Tensor& x, const torch::Tensor& packed, WinogradForm form,
                          const torch::Tensor& bias, int64_t padding_y, int64_t padding_x, int64_t relu_channels,
                          const torch::Tensor& y);

}  // namespace lifted::ops
