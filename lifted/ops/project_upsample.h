// Where the depth network meets the generator's features.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

/// conv2d(features, weight) + nearest-neighbour upsampling of x by 2. features: B×F×2H×2W; weight: C×F×1×1; x: B×C×H×W
/// → B×C×2H×2W, channels_last. Differentiable. Without gradients, in fp32 on a CPU with C a multiple of 16 it is one
/// pass over memory, the same bits for any thread count and batch size.
torch::Tensor project_and_add_upsampled(const torch::Tensor& features, const torch::Tensor& weight,
                                        const torch::Tensor& x, Implementation implementation = Implementation::fused);

}  // namespace lifted::ops
