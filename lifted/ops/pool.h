// 3×3 pools for inference, from and into parts of wider tensors. CPU in fp32 in one pass; else torch's.
#pragma once

#include <torch/types.h>

namespace lifted::ops {

struct PoolOptions {
  int64_t stride = 1, padding = 0;  // padding 0 or 1; what lies outside does not count
  bool mean = false;                // the mean, else the maximum
  bool relu = false;                // at least 0
};

/// x: B×C×H×W, y: B×C×H'×W' with H' = (H + 2·padding − 3)/stride + 1; channels innermost. No gradient.
void pool3x3_into(const torch::Tensor& x, const PoolOptions& options, torch::Tensor y);
torch::Tensor pool3x3(const torch::Tensor& x, const PoolOptions& options);

}  // namespace lifted::ops
