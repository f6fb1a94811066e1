#include "lifted/scene/normals.h"

#include "lifted/base/error.h"
#include "lifted/scene/depth_grid.h"

namespace lifted::scene {
namespace {

torch::Tensor repeat_border(const torch::Tensor& inner) {
  if (!inner.is_cpu()) {  // a GPU's gradient of the padding adds in any order
    const auto rows = torch::cat({inner.slice(1, 0, 1), inner, inner.slice(1, -1)}, 1);
    return torch::cat({rows.slice(2, 0, 1), rows, rows.slice(2, -1)}, 2);
  }
  const auto padded = torch::replication_pad2d(inner.permute({0, 3, 1, 2}), {1, 1, 1, 1});
  return padded.permute({0, 2, 3, 1});
}

}  // namespace

torch::Tensor normals_from_grid(const torch::Tensor& grid, bool unit_normals) {
  require(grid.dim() == 4 && grid.size(3) == 3 && grid.size(1) >= 3 && grid.size(2) >= 3,
          "normals need a grid of shape B×H×W×3 with at least 3×3 points, got {}", fmt::join(grid.sizes(), "×"));
  const auto rows = grid.size(1), columns = grid.size(2);
  const auto middle_rows = grid.slice(1, 1, rows - 1), middle_columns = grid.slice(2, 1, columns - 1);
  const auto across = middle_rows.slice(2, 2) - middle_rows.slice(2, 0, columns - 2);
  const auto down = middle_columns.slice(1, 2) - middle_columns.slice(1, 0, rows - 2);
  // The sum of the four cross products of neighbouring differences about the centre c,
  // (l−c)×(u−c) + (u−c)×(r−c) + (r−c)×(d−c) + (d−c)×(l−c), is (r−l)×(d−u).
  const auto normal = torch::cross(across, down, 3);
  const auto square = normal.square().sum(3, true);
  const auto length = unit_normals ? square.clamp_min(1e-30).sqrt() : square.sqrt() + 1e-7;
  return repeat_border(normal / length);
}

torch::Tensor normals_from_depth(const torch::Tensor& depth, const Camera& camera, bool unit_normals) {
  return normals_from_grid(grid_from_depth(depth, camera), unit_normals);
}

}  // namespace lifted::scene
