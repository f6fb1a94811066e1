// Viewpoints: what the view network outputs, what the renderer takes, and the sweeps people make.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::scene {

/// Scales raw views (network outputs in −1 … 1) to radians and scene units, as config/ffhq_256.py of the authors.
struct ViewScale {
  double rotation_degrees = 60;  ///< Of V[0:3]: pitch, yaw, roll.
  double xy_translation = 0.1;   ///< Of V[3:5].
  double z_translation = 0.01;   ///< Of V[5].

  /// B×6 raw to B×6 (rx, ry, rz in radians, tx, ty, tz).
  torch::Tensor apply(const torch::Tensor& raw_view) const;
};

/// R = Rz·Ry·Rx (B×3×3) of B×3 angles in radians about x, y and z. Positive pitch brings the top nearer, positive yaw
/// the image-right side, positive roll turns clockwise in the image.
torch::Tensor rotation_matrix(const torch::Tensor& angles);

/// Raw view (6 values) of the authors' yaw sweep: V[1] = −degrees / 60, V[3] = 0.1·sin(V[1]).
torch::Tensor yaw_view(double degrees);

/// Raw view (6 values) of the authors' pitch sweep: V[0] = degrees / 60, V[4] = −0.2·sin(V[0]).
torch::Tensor pitch_view(double degrees);

}  // namespace lifted::scene
