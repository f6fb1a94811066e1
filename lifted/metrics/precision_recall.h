// How much of what is generated looks real, and how much of what is real can be generated.
#pragma once

#include <cstdint>

#include "lifted/base/tensor.h"

namespace lifted::metrics {

/// Shares from 0 to 1.
struct PrecisionRecall {
  double precision = 0, recall = 0;
};

/// Improved precision and recall (Kynkäänniemi et al. 2019): a set's manifold is the union of balls around its features
/// that reach to their `neighbours`-th nearest of the same set; precision is the share of `made` within the manifold of
/// `real`, recall the share of `real` within that of `made`. N×D and M×D, finite, more than `neighbours` rows each,
/// else Error. Computed in blocks: memory beside the features is bounded.
PrecisionRecall precision_recall(const torch::Tensor& real, const torch::Tensor& made, int64_t neighbours = 3);

}  // namespace lifted::metrics
