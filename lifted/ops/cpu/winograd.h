// 3×3 convolutions of stride 1 by Winograd's F(4×4, 3×3): a quarter of the multiplications, in fp32 as exact as the
// direct sum (docs/benchmarks.md). All tensors are fp32 on the CPU with multiples of 16 channels; results are
// channels_last and do not depend on the batch or the number of threads.
#pragma once

#include <torch/types.h>

namespace lifted::ops {

/// Whether the functions below take these sizes, and gain by it.
/// side: the shorter side of the output; products of tiny maps are too small.
bool winograd_takes(int64_t in, int64_t out, int64_t side);

/// x: B×in×H×W, weight: out×in×3×3, bias: out or undefined; padding 0 to 2 → B×out×(H+2p−2)×(W+2p−2).
torch::Tensor winograd_conv2d(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                              int64_t padding);

/// The adjoint in x: y: B×out×H'×W' → B×in×(H'−2p+2)×(W'−2p+2).
torch::Tensor winograd_input_gradient(const torch::Tensor& y, const torch::Tensor& weight, int64_t padding);

/// The adjoint in weight: out×in×3×3, contiguous.
torch::Tensor winograd_weight_gradient(const torch::Tensor& y, const torch::Tensor& x, int64_t padding);

}  // namespace lifted::ops
