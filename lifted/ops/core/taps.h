// Which taps of a filter meet which pixels when an image is upsampled by zeros, padded, filtered and downsampled.
#pragma once

#include <cstdint>

#include "lifted/ops/core/host_device.h"

namespace lifted::ops::core {

/// The taps that meet real pixels (not inserted zeros, not padding) for one output coordinate: taps first, first + up,
/// …, `count` of them, on the consecutive input pixels from `pixel`.
struct TapRange {
  int64_t first, pixel, count;
};

/// ⌈n / by⌉ of n ≥ 0. Factors are 1 or 2 nearly always, and a division costs as much as several taps.
LIFTED_HD int32_t ceil_quotient(int32_t n, int32_t by) {
  return by == 1 ? n : by == 2 ? (n + 1) >> 1 : (n + by - 1) / by;
}

/// In 32 bits: coordinates are below 2³¹.
LIFTED_HD TapRange tap_range(int64_t out, int64_t down, int64_t pad, int64_t up_64, int64_t taps_64, int64_t size_64) {
  const auto up = static_cast<int32_t>(up_64), taps = static_cast<int32_t>(taps_64),
             size = static_cast<int32_t>(size_64);
  const auto start = static_cast<int32_t>(out * down - pad);  // position of tap 0 in the zero-inserted image
  int32_t pixel = start <= 0 ? 0 : ceil_quotient(start, up);
  const int32_t first = pixel * up - start;
  int32_t count = first < taps ? ceil_quotient(taps - first, up) : 0;
  if (pixel + count > size) count = size > pixel ? size - pixel : 0;
  return {first, pixel, count};
}

}  // namespace lifted::ops::core
