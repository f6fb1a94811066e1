// How far apart the directions of two feature maps are: the comparison of the perceptual loss.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

/// Σ over samples and places of weight · |x/|x| − target/|target||², the vectors along the channels; a zero vector
/// stays zero. x, target: B×C×H×W; weight: B×1×H×W, or undefined for 1. Scalar. Differentiable once with respect to x;
/// the fused form (float32 on the CPU) refuses a target or weight that requires a gradient, the reference takes it.
torch::Tensor direction_distance(const torch::Tensor& x, const torch::Tensor& target, const torch::Tensor& weight = {},
                                 Implementation implementation = Implementation::fused);

}  // namespace lifted::ops
