// Whether a face stays the same person when it is turned or lit otherwise.
#pragma once

#include <functional>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/model/lifted_gan.h"

namespace lifted::metrics {

/// Images (B×3×S×S in [-1, 1]) to vectors of unit length (B×D).
using Embed = std::function<torch::Tensor(const torch::Tensor& images)>;

/// Cosine of the embeddings of the canonical view (view 0, own light) and of the head turned by each yaw of the
/// authors' sweep: B×angles.
torch::Tensor yaw_similarity(const model::LiftedGan& gan, const model::Estimate& estimate, const Embed& embed,
                             const std::vector<double>& degrees);

/// Cosine of the embeddings under the authors' frontal sweep light (0.2, 0.8, 0, 0) and under that light from each
/// angle, at the estimate's own view: B×angles.
torch::Tensor light_similarity(const model::LiftedGan& gan, const model::Estimate& estimate, const Embed& embed,
                               const std::vector<double>& degrees);

}  // namespace lifted::metrics
