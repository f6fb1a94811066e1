// How well a lifted model agrees with its own 2D teacher: the quantities its losses are made of, without a network that
// judges images, on codes of one's choice.
#pragma once

#include <nlohmann/json.hpp>

#include "lifted/model/lifted_gan.h"

namespace lifted::metrics {

/// Means over codes. Distances are mean |x − y| of images in [−1, 1].
struct Agreement {
  int64_t codes = 0;
  double render = 0;        // rendering at the predicted view and light against the teacher's image
  double flipped = 0;       // the same with depth and albedo mirrored
  double turned = 0;        // rendering at a drawn view and light against the teacher's image of M(w, view, light)
  double view_degrees = 0;  // |rotation read back from M(w, view, light) − rotation asked for|, mean of pitch and yaw
  double light = 0;         // |light read back − light asked for|, mean of the four raw numbers
  double relief = 0;        // standard deviation of canonical depth over a head, scene units: 0 is a flat card

  nlohmann::ordered_json to_json() const;
};

/// w: B×w_dim, truncated. Drawn views and lights come from `seed`: pitch ±15°, yaw ±45°, lights of other codes.
Agreement measure_agreement(const model::LiftedGan& gan, const torch::Tensor& w, uint64_t seed = 0);

}  // namespace lifted::metrics
