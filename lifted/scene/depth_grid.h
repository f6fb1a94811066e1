// Depth maps as grids of 3D points, and how a view moves them.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/scene/camera.h"

namespace lifted::scene {

/// B×H×W depths (z, scene units) to B×H×W×3 points.
torch::Tensor grid_from_depth(const torch::Tensor& depth, const Camera& camera);

/// A rigid motion: rotation about (0, 0, centre_depth), then translation.
struct RigidMotion {
  torch::Tensor rotation;     ///< B×3×3
  torch::Tensor translation;  ///< B×3
  double centre_depth = 1;
};
/// From views in radians and scene units, B×6.
RigidMotion motion_from_view(const torch::Tensor& view, double centre_depth);

/// Moves a B×H×W×3 grid.
torch::Tensor move_grid(const torch::Tensor& grid, const RigidMotion& motion);
/// Undoes move_grid.
torch::Tensor move_grid_back(const torch::Tensor& grid, const RigidMotion& motion);

/// T·moved + (1 − T)·canonical, the paper's transformation map T: B×1×H×W, 1 where the grid follows the head.
torch::Tensor blend_grids(const torch::Tensor& moved, const torch::Tensor& canonical,
                          const torch::Tensor& transform_map);

/// Projects B×H×W×3 points to grid coordinates normalized to −1 … 1: B×H×W×2.
torch::Tensor project_grid(const torch::Tensor& grid, const Camera& camera);

}  // namespace lifted::scene
