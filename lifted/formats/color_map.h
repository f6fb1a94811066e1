// Depth maps and normals as pictures.
#pragma once

#include <array>
#include <cstdint>

#include "lifted/base/tensor.h"
#include "lifted/formats/image.h"

namespace lifted::formats {

/// A perceptual map from dark violet over blue and green to bright yellow: lightness (OKLab) grows evenly with the
/// index, so equal steps of the value look like equal steps and grey printing keeps the order.
const std::array<std::array<uint8_t, 3>, 256>& perceptual_colors();

/// An H×W or 1×H×W depth map; `near` and nearer is the brightest colour, `far` and farther the darkest, not a number is
/// white.
Image depth_image(const torch::Tensor& depth, double near, double far);
/// The same between the map's own smallest and largest finite value.
Image depth_image(const torch::Tensor& depth);

/// 3×H×W normals as (n + 1) / 2.
Image normal_image(const torch::Tensor& normals);

}  // namespace lifted::formats
