// A linear layer whose rows do not feel each other.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

/// y = x · weightᵀ + bias. x: B×K, weight: N×K, bias: N or undefined → B×N.
/// Without gradients, in fp32 on a CPU, a row's result is the same bits for any batch size and thread count (BLAS picks
/// its order of summation by the shape of the whole product); otherwise this is torch's linear.
torch::Tensor rowwise_linear(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                             Implementation implementation = Implementation::fused);

}  // namespace lifted::ops
