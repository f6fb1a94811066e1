// CosFace (Wang et al. 2018): softmax over cosines with a margin, for embeddings that tell people apart.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::train {

struct CosFaceOptions {
  double scale = 30;    ///< s: sharpness of the softmax
  double margin = 0.3;  ///< m: how much closer than any other its own center must be, as cosine
};

/// Cross entropy of s·(cos θ − m·[class is the label]), averaged over the batch; θ is the angle between an embedding
/// and a class's center. embeddings: B×D of unit length; centers: K×D of any length; labels: B int64 in 0 … K − 1.
/// Scalar, differentiable in both.
torch::Tensor cosface_loss(const torch::Tensor& embeddings, const torch::Tensor& centers, const torch::Tensor& labels,
                           const CosFaceOptions& options);

}  // namespace lifted::train
