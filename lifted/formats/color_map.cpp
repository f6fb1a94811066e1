#include "lifted/formats/color_map.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lifted/base/error.h"

namespace lifted::formats {
namespace {

using Color = std::array<double, 3>;

/// OKLab to linear RGB (B. Ottosson 2020, "A perceptual color space for image processing").
Color linear_rgb(double lightness, double a, double b) {
  const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
  const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
  const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
  return {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
          -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
          -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
}

bool displayable(const Color& color) {
  return std::all_of(color.begin(), color.end(), [](double value) { return value >= 0 && value <= 1; });
}

uint8_t srgb_byte(double linear) {
  const double encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
  return static_cast<uint8_t>(std::lround(255 * std::clamp(encoded, 0.0, 1.0)));
}

/// Even lightness, hue turning from violet to yellow; as colourful as the screen allows, up to a limit.
std::array<uint8_t, 3> color_of(double t) {
  const double lightness = 0.25 + 0.67 * t;
  const double hue = (305 - 198 * t) * std::numbers::pi / 180;
  double chroma = 0.16;
  Color color = linear_rgb(lightness, chroma * std::cos(hue), chroma * std::sin(hue));
  while (!displayable(color) && chroma > 0) {
    chroma -= 0.001;
    color = linear_rgb(lightness, chroma * std::cos(hue), chroma * std::sin(hue));
  }
  return {srgb_byte(color[0]), srgb_byte(color[1]), srgb_byte(color[2])};
}

torch::Tensor flat_map(const torch::Tensor& depth) {
  require(depth.defined() && (depth.dim() == 2 || (depth.dim() == 3 && depth.size(0) == 1)),
          "depth_image: expected an HxW or 1xHxW tensor");
  const auto map = depth.detach().to(torch::kCPU, torch::kFloat64).contiguous();
  return depth.dim() == 3 ? map[0] : map;
}

}  // namespace

const std::array<std::array<uint8_t, 3>, 256>& perceptual_colors() {
  static const auto table = [] {
    std::array<std::array<uint8_t, 3>, 256> colors{};
    for (size_t i = 0; i < colors.size(); ++i) colors[i] = color_of(static_cast<double>(i) / 255);
    return colors;
  }();
  return table;
}

Image depth_image(const torch::Tensor& depth, double near, double far) {
  const auto map = flat_map(depth);
  const double* values = map.data_ptr<double>();
  Image image = filled_image(static_cast<int>(map.size(1)), static_cast<int>(map.size(0)));
  const double range = far - near;
  for (int64_t i = 0; i < map.numel(); ++i) {
    if (std::isnan(values[i])) continue;
    const double brightness = range == 0 ? 1 : std::clamp((far - values[i]) / range, 0.0, 1.0);
    const auto& color = perceptual_colors()[static_cast<size_t>(std::lround(255 * brightness))];
    std::copy(color.begin(), color.end(), &image.pixels[static_cast<size_t>(3 * i)]);
  }
  return image;
}

Image depth_image(const torch::Tensor& depth) {
  const auto map = flat_map(depth);
  const auto finite = map.masked_select(map.isfinite());
  if (finite.numel() == 0) return depth_image(map, 0, 1);
  return depth_image(map, finite.min().item<double>(), finite.max().item<double>());
}

Image normal_image(const torch::Tensor& normals) {
  require(normals.defined() && normals.dim() == 3 && normals.size(0) == 3, "normal_image: expected a 3xHxW tensor");
  return image_from_tensor(normals, Rounding::nvidia);
}

}  // namespace lifted::formats
