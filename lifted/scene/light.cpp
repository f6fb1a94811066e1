#include "lifted/scene/light.h"

#include <cmath>
#include <numbers>

#include "lifted/base/error.h"

namespace lifted::scene {

Light parse_light(const torch::Tensor& raw_light, bool frontalize) {
  require(raw_light.dim() == 2 && raw_light.size(1) == 4, "a light must have shape B×4, got {}",
          fmt::join(raw_light.sizes(), "×"));
  const auto xy = frontalize ? torch::zeros_like(raw_light.slice(1, 2)) : raw_light.slice(1, 2);
  const auto direction = torch::cat({xy, torch::ones_like(raw_light.slice(1, 0, 1))}, 1);
  return {raw_light.select(1, 0) / 2 + 0.5, raw_light.select(1, 1) / 2 + 0.5,
          direction / direction.square().sum(1, true).sqrt()};
}

torch::Tensor shading(const torch::Tensor& normals, const Light& light) {
  const auto cosine = (normals * light.direction.view({-1, 1, 1, 3})).sum(3).clamp_min(0).unsqueeze(1);
  return light.ambient.view({-1, 1, 1, 1}) + light.diffuse.view({-1, 1, 1, 1}) * cosine;
}

torch::Tensor shade(const torch::Tensor& albedo, const torch::Tensor& shading) {
  return (albedo / 2 + 0.5) * shading * 2 - 1;
}

torch::Tensor unshade(const torch::Tensor& image, const torch::Tensor& shading) {
  return (image / 2 + 0.5) / (shading + 1e-8) * 2 - 1;
}

torch::Tensor sweep_light(double degrees) {
  return torch::tensor({0.2, 0.8, std::tan(degrees * std::numbers::pi / 180), 0.0}, torch::kFloat);
}

}  // namespace lifted::scene
