// The pinhole camera every depth map and mesh of this project lives in.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::scene {

/// A camera at the origin looking along +z; x points right and y down in the image. Grid coordinates count depth-map
/// samples: (0, 0) is the centre of the top left sample and lies on the edge of the field of view.
struct Camera {
  int64_t size = 256;       ///< Side of depth maps and images.
  double fov_degrees = 10;  ///< Between the first and the last sample of a row.

  double focal() const;        ///< In grid units: (size − 1) / 2 / tan(fov / 2).
  double principal() const;    ///< (size − 1) / 2 in both directions.
  double image_focal() const;  ///< For image coordinates −1 … 1: 1 / tan(fov / 2).

  /// K⁻¹·(u, v, 1) for every sample: size×size×3, so that a point is its ray times its depth. Kept per device and type:
  /// not to be written to.
  torch::Tensor rays(const torch::TensorOptions& options = torch::kFloat) const;
};

}  // namespace lifted::scene
