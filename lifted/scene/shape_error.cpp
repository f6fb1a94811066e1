#include "lifted/scene/shape_error.h"

#include <cmath>
#include <numbers>

#include "lifted/base/error.h"
#include "lifted/scene/normals.h"

namespace lifted::scene {
namespace {
using torch::Tensor;

/// Depths in float64, 1 where the mask is not.
Tensor checked_depth(const Tensor& depth, const Tensor& mask, const char* what) {
  require(depth.dim() == 3 && depth.sizes() == mask.sizes() && mask.scalar_type() == torch::kBool,
          "shape error: {} has shape {} and its mask {}, expected B×S×S of both", what, fmt::join(depth.sizes(), "×"),
          fmt::join(mask.sizes(), "×"));
  const Tensor inside = torch::where(mask, depth, torch::ones_like(depth)).to(torch::kFloat64);
  require(inside.isfinite().all().item<bool>() && (inside > 0).all().item<bool>(),
          "shape error: {} is not positive and finite everywhere inside its mask", what);
  return inside;
}

/// Mean of B×S×S over each image's mask: B, NaN where it is empty.
Tensor masked_mean(const Tensor& values, const Tensor& mask) {
  return torch::where(mask, values, torch::zeros_like(values)).sum({1, 2}) / mask.sum({1, 2});
}

Tensor centered(const Tensor& values, const Tensor& mask) {
  return values - masked_mean(values, mask).view({-1, 1, 1});
}

/// Degrees between unit vectors B×S×S×3; exact also where they agree, where the arc cosine is not.
Tensor angle(const Tensor& a, const Tensor& b) {
  const Tensor sine = torch::cross(a, b, 3).norm(2, 3), cosine = (a * b).sum(3);
  return torch::atan2(sine, cosine) * (180 / std::numbers::pi);
}

Tensor correlation(const Tensor& a, const Tensor& b, const Tensor& mask) {
  constexpr double kConstant = 1e-20;  // variance of depth below which a map is flat
  const Tensor x = centered(a, mask), y = centered(b, mask);
  const Tensor xx = masked_mean(x * x, mask), yy = masked_mean(y * y, mask), xy = masked_mean(x * y, mask);
  const Tensor varies = (xx > kConstant).logical_and(yy > kConstant);
  const Tensor value = xy / (xx * yy).clamp_min(kConstant * kConstant).sqrt();
  return torch::where(varies.logical_or(xy.isnan()), value, torch::zeros_like(value));
}

}  // namespace

Camera pixel_camera(int64_t size, double fov_degrees) {
  const double edge = std::tan(fov_degrees / 2 * std::numbers::pi / 180);
  const double outermost = edge * static_cast<double>(size - 1) / static_cast<double>(size);
  return {size, 2 * std::atan(outermost) * 180 / std::numbers::pi};
}

Tensor eroded(const Tensor& mask) {
  require(mask.dim() == 3 && mask.scalar_type() == torch::kBool, "a mask to erode must be B×S×S of bool");
  // Padding counts as outside, as there.
  return torch::avg_pool2d(mask.to(torch::kFloat32).unsqueeze(1), 3, 1, 1).squeeze(1) > 0.99;
}

ShapeError shape_error(const Tensor& depth, const Tensor& mask, const Tensor& true_depth, const Tensor& true_mask,
                       const Camera& camera) {
  const torch::NoGradGuard guard;
  const Tensor found = checked_depth(depth, mask, "the depth"),
               truth = checked_depth(true_depth, true_mask, "the true depth");
  require(found.sizes() == truth.sizes(), "shape error: depths of shape {} against true depths of shape {}",
          fmt::join(found.sizes(), "×"), fmt::join(truth.sizes(), "×"));
  const Tensor both = eroded(mask).logical_and(eroded(true_mask));
  ShapeError error;
  error.pixels = both.sum({1, 2});
  error.side = masked_mean(centered(found.log() - truth.log(), both).square(), both).sqrt();
  error.mad =
      masked_mean(angle(normals_from_depth(found, camera, true), normals_from_depth(truth, camera, true)), both);
  error.correlation = correlation(found, truth, both);
  return error;
}

}  // namespace lifted::scene
