// The kernel distance between two sets of features; of Inception features it is KID.
#pragma once

#include <cstdint>

#include "lifted/base/tensor.h"

namespace lifted::metrics {

struct KernelDistanceOptions {
  int64_t subsets = 100, size = 1000;  ///< random subsets whose estimates are averaged, and rows of each (at most)
  uint32_t seed = 0;                   ///< of the subsets
};

/// The squared maximum mean discrepancy with the kernel (xᵀy / D + 1)³, unbiased (Bińkowski et al. 2018), as
/// StyleGAN2-ADA measures KID; its subsets differ, being drawn by another generator. Not scaled by 100 or 1000; may be
/// slightly negative. a: N×D, b: M×D, at least two rows each and finite, else Error.
double kernel_distance(const torch::Tensor& a, const torch::Tensor& b, const KernelDistanceOptions& options = {});

}  // namespace lifted::metrics
