#include "lifted/scene/camera.h"

#include <cmath>
#include <numbers>

#include "lifted/base/device.h"

namespace lifted::scene {

double Camera::image_focal() const {
  return 1 / std::tan(fov_degrees / 2 * std::numbers::pi / 180);
}

double Camera::principal() const {
  return static_cast<double>(size - 1) / 2;
}

double Camera::focal() const {
  return principal() * image_focal();
}

torch::Tensor Camera::rays(const torch::TensorOptions& options) const {
  return constant("camera rays", {static_cast<double>(size), fov_degrees}, options, [this] {
    const auto slope = (torch::arange(size, torch::kDouble) - principal()) / focal();
    const auto x = slope.view({1, size}).expand({size, size}), y = slope.view({size, 1}).expand({size, size});
    return torch::stack({x, y, torch::ones_like(x)}, 2);
  });
}

}  // namespace lifted::scene
