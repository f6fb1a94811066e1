// An affine map of an image between two low-pass filters: which pixels, taps and weights meet. Rows and columns alike.
#pragma once

#include <cstdint>

#include "lifted/ops/core/host_device.h"

namespace lifted::ops::core {

/// Taps of the filter, and how many of them meet pixels (or results) of one parity.
constexpr int64_t kWarpTaps = 12, kWarpPhaseTaps = kWarpTaps / 2;
/// Pixels by which the warped image is larger than the result on every side: what the last filter consumes.
constexpr int64_t kWarpMargin = kWarpTaps / 4;

/// The part [origin, origin + size) of an image's mirrored and doubled row or column that its output reaches; both
/// even.
struct WarpWindow {
  int64_t origin, size;
};

/// Length of the warped image at twice the resolution, with its margins.
LIFTED_HD int64_t warped_length(int64_t size) {
  return 2 * (size + 2 * kWarpMargin);
}

/// The pixel that element `q` of a row mirrored on both sides shows, or −1 beyond it.
LIFTED_HD int64_t mirrored(int64_t q, int64_t size) {
  if (q < 0 || q > 3 * (size - 1)) return -1;
  const int64_t x = q < size - 1 ? size - 1 - q : q - (size - 1);
  return x > size - 1 ? 2 * (size - 1) - x : x;
}

/// First element of the mirrored row under the filter at a window's first pair of results.
LIFTED_HD int64_t first_mirrored(const WarpWindow& window) {
  return window.origin / 2 - kWarpPhaseTaps / 2;
}

/// Result `k` of a window of the doubled row is the sum over t < 6 of taps[doubling_tap(k, t)] · element
/// first_mirrored + k / 2 + k % 2 + t.
LIFTED_HD int64_t doubling_tap(int64_t k, int64_t t) {
  return kWarpTaps - 1 - k % 2 - 2 * t;
}

/// Where pixel (column, row) of the warped image lies in a window that counts from 1: its border is 0.
template <typename T>
struct WarpPoint {
  int32_t column, row;  // the pixel before it
  T x, y;               // weights of the next one
};

/// last_x, last_y: from here on there are only zeros. What is no number counts as 0.
template <typename T>
LIFTED_HD WarpPoint<T> warp_point(T x, T y, T last_x, T last_y) {
  x = x > 0 ? x : 0, y = y > 0 ? y : 0;
  x = x < last_x ? x : last_x, y = y < last_y ? y : last_y;
  const auto column = static_cast<int32_t>(x), row = static_cast<int32_t>(y);
  return {column, row, x - static_cast<T>(column), y - static_cast<T>(row)};
}

}  // namespace lifted::ops::core
