#include "lifted/ops/warp_geometry.h"

#include <algorithm>
#include <cmath>

namespace lifted::ops {
namespace {
using core::WarpWindow;
using torch::Tensor;

/// Middle of `length` pixels that are counted from 0.
double middle(int64_t length) {
  return static_cast<double>(length - 1) / 2;
}

/// low, high: first and last coordinate reached, from the centre of the doubled row, per sample.
std::vector<WarpWindow> find_windows(const Tensor& low, const Tensor& high, int64_t image_size) {
  std::vector<WarpWindow> windows;
  const double center = middle(doubled_length(image_size)), last = 2 * center;
  for (int64_t i = 0; i < low.size(0); ++i) {
    // One pixel more on each side than exact arithmetic needs, and even.
    const double begin = std::clamp(std::floor(low[i].item<double>() + center) - 1, 0.0, last);
    const double end = std::clamp(std::floor(high[i].item<double>() + center) + 2, 0.0, last);
    const int64_t origin = static_cast<int64_t>(begin) / 2 * 2;
    windows.push_back({origin, (static_cast<int64_t>(end) - origin) / 2 * 2 + 2});
  }
  return windows;
}

}  // namespace

Tensor scale_and_shift(double scale_x, double scale_y, double shift_x, double shift_y) {
  return torch::tensor({scale_x, 0.0, shift_x, 0.0, scale_y, shift_y, 0.0, 0.0, 1.0}, torch::kFloat64).view({3, 3});
}

int64_t doubled_length(int64_t size) {
  return 2 * (3 * size - 2);
}

WarpGeometry find_warp_geometry(const Tensor& inverse, int64_t height, int64_t width) {
  WarpGeometry geometry;
  // Pixel i of an image lies on pixel 2i of its doubled version, half a doubled pixel before where the centres of both
  // would put it.
  geometry.map =
      torch::matmul(torch::matmul(scale_and_shift(2, 2, -0.5, -0.5), inverse), scale_and_shift(0.5, 0.5, 0.25, 0.25));
  const double cx = middle(core::warped_length(width)), cy = middle(core::warped_length(height));
  const auto corners =
      torch::tensor({-cx, cx, cx, -cx, -cy, -cy, cy, cy, 1.0, 1.0, 1.0, 1.0}, torch::kFloat64).view({3, 4});
  const auto reached = torch::matmul(geometry.map, corners);
  const auto low = reached.amin(2), high = reached.amax(2);
  geometry.columns = find_windows(low.select(1, 0), high.select(1, 0), width);
  geometry.rows = find_windows(low.select(1, 1), high.select(1, 1), height);
  return geometry;
}

std::array<double, 6> window_map(const WarpGeometry& geometry, int64_t sample, int64_t height, int64_t width) {
  const auto maps = geometry.map.accessor<double, 3>();
  const auto i = static_cast<size_t>(sample);
  const int64_t origins[2] = {geometry.columns[i].origin, geometry.rows[i].origin}, sizes[2] = {width, height};
  std::array<double, 6> map = {};
  for (int64_t axis = 0; axis < 2; ++axis) {
    const auto row = maps[sample][axis];
    double* to = map.data() + 3 * axis;
    to[0] = row[0], to[1] = row[1];
    to[2] = row[2] - row[0] * middle(core::warped_length(width)) - row[1] * middle(core::warped_length(height)) +
            middle(doubled_length(sizes[axis])) - static_cast<double>(origins[axis]) + 1;
  }
  return map;
}

}  // namespace lifted::ops
