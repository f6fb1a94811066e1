// Whether a lifted model's views and lights are what a probe trained on true labels sees.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/model/lifted_gan.h"

namespace lifted::metrics {

/// Images (B×3×S×S in [-1, 1]) to B×7 raw view and light, in the order of nets::kViewLightAxes.
using Probe = std::function<torch::Tensor(const torch::Tensor& images)>;

/// What should be, and what the probe read: B×7 each.
struct Reading {
  torch::Tensor wanted, read;
};

/// What the model says of its teacher's images of w (B×w_dim), and what the probe reads off them.
Reading predicted_reading(const model::LiftedGan& gan, const model::Estimate& estimate, const torch::Tensor& w,
                          const Probe& probe);

/// Renders each sample at a requested pitch (within ±15°) and yaw (within ±45°), roll 0, in its own light, with the
/// translations of the authors' sweeps. `first` numbers the samples: requests are spread evenly over their range by a
/// sequence of fixed numbers.
Reading requested_view_reading(const model::LiftedGan& gan, const model::Estimate& estimate, int64_t first,
                               const Probe& probe);

/// Renders each sample at its own view with a requested light: tangents within ±1 sideways and −0.5 … 1 in height
/// (positive: from above), ambient and diffuse the sample's own.
Reading requested_light_reading(const model::LiftedGan& gan, const model::Estimate& estimate, int64_t first,
                                const Probe& probe);

}  // namespace lifted::metrics
