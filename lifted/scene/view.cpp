#include "lifted/scene/view.h"

#include <cmath>
#include <numbers>

#include "lifted/base/device.h"
#include "lifted/base/error.h"

namespace lifted::scene {

torch::Tensor ViewScale::apply(const torch::Tensor& raw_view) const {
  require(raw_view.dim() == 2 && raw_view.size(1) == 6, "a view must have shape B×6, got {}",
          fmt::join(raw_view.sizes(), "×"));
  const double radians = rotation_degrees * std::numbers::pi / 180;
  return raw_view *
         constant({radians, radians, radians, xy_translation, xy_translation, z_translation}, {6}, raw_view.options());
}

torch::Tensor rotation_matrix(const torch::Tensor& angles) {
  require(angles.dim() == 2 && angles.size(1) == 3, "rotation angles must have shape B×3, got {}",
          fmt::join(angles.sizes(), "×"));
  const auto cosine = angles.cos().unbind(1), sine = angles.sin().unbind(1);
  const auto &cx = cosine[0], &cy = cosine[1], &cz = cosine[2], &sx = sine[0], &sy = sine[1], &sz = sine[2];
  // The product Rz·Ry·Rx written out.
  return torch::stack({cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx,  //
                       sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx,  //
                       -sy, cy * sx, cy * cx},
                      1)
      .view({-1, 3, 3});
}

torch::Tensor yaw_view(double degrees) {
  const double yaw = -degrees / 60;
  return torch::tensor({0.0, yaw, 0.0, 0.1 * std::sin(yaw), 0.0, 0.0}, torch::kFloat);
}

torch::Tensor pitch_view(double degrees) {
  const double pitch = degrees / 60;
  return torch::tensor({pitch, 0.0, 0.0, 0.0, -0.2 * std::sin(pitch), 0.0}, torch::kFloat);
}

}  // namespace lifted::scene
