#include "lifted/scene/depth_grid.h"

#include "lifted/base/device.h"
#include "lifted/base/error.h"
#include "lifted/scene/view.h"

namespace lifted::scene {
namespace {

torch::Tensor centre_of(const RigidMotion& motion, const torch::Tensor& grid) {
  return constant({0.0, 0.0, motion.centre_depth}, {3}, grid.options());
}

/// Every point p of a B×H×W×3 grid to M·p.
torch::Tensor transform(const torch::Tensor& grid, const torch::Tensor& matrix) {
  const auto points = grid.reshape({grid.size(0), -1, 3});
  return points.matmul(matrix.transpose(1, 2)).view(grid.sizes());
}

}  // namespace

torch::Tensor grid_from_depth(const torch::Tensor& depth, const Camera& camera) {
  require(depth.dim() == 3 && depth.size(1) == camera.size && depth.size(2) == camera.size,
          "a depth map must have shape B×{0}×{0}, got {1}", camera.size, fmt::join(depth.sizes(), "×"));
  return depth.unsqueeze(3) * camera.rays(depth.options().requires_grad(false));
}

RigidMotion motion_from_view(const torch::Tensor& view, double centre_depth) {
  require(view.dim() == 2 && view.size(1) == 6, "a view must have shape B×6, got {}", fmt::join(view.sizes(), "×"));
  return {rotation_matrix(view.slice(1, 0, 3)), view.slice(1, 3), centre_depth};
}

torch::Tensor move_grid(const torch::Tensor& grid, const RigidMotion& motion) {
  const auto centre = centre_of(motion, grid);
  return transform(grid - centre, motion.rotation) + (centre + motion.translation).view({-1, 1, 1, 3});
}

torch::Tensor move_grid_back(const torch::Tensor& grid, const RigidMotion& motion) {
  const auto centre = centre_of(motion, grid);
  return transform(grid - (centre + motion.translation).view({-1, 1, 1, 3}), motion.rotation.transpose(1, 2)) + centre;
}

torch::Tensor blend_grids(const torch::Tensor& moved, const torch::Tensor& canonical,
                          const torch::Tensor& transform_map) {
  const auto follows = transform_map.permute({0, 2, 3, 1});
  return follows * moved + (1 - follows) * canonical;
}

torch::Tensor project_grid(const torch::Tensor& grid, const Camera& camera) {
  return grid.slice(3, 0, 2) / grid.slice(3, 2) * camera.image_focal();
}

}  // namespace lifted::scene
