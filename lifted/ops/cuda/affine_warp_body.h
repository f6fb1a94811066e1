// Affine maps on a card: a thread an element of what each pass makes. Every sum is gathered, so that nothing depends on
// the order of threads.
#pragma once

#include "lifted/ops/core/affine_warp.h"
#include "lifted/ops/core/division.h"

namespace lifted::ops::cuda {

/// A sample's map and windows, as the card keeps them.
struct WarpSample {
  double map[6];   // as window_map() gives it
  double back[4];  // the inverse of its linear part
  core::WarpWindow window[2];
};
constexpr int kColumns = 0, kRows = 1;

/// Element i of outer × length × inner.
struct Axis {
  core::Divisor inner, length;

  struct Place {
    int64_t outer, at, inner;
  };
  LIFTED_BODY Place place(int64_t i) const {
    const auto outside = core::divide(i, inner);
    const auto along = core::divide(outside.quotient, length);
    return {along.quotient, along.rest, outside.rest};
  }
};

/// The tap under which element `q` of the mirrored row meets result `k` of a window, or 0.
LIFTED_HD float doubling_weight(const float* taps, const core::WarpWindow& window, int64_t q, int64_t k) {
  const int64_t t = q - core::first_mirrored(window) - k / 2 - k % 2;
  return t < 0 || t >= core::kWarpPhaseTaps ? 0 : taps[core::doubling_tap(k, t)];
}

/// Mirrors and doubles along an axis: in outer × size × inner, out outer × most × inner of which a window is written.
struct DoubleThread {
  const float* in;
  const WarpSample* samples;
  const float* taps;
  float* out;
  Axis axis;  // of out
  core::Divisor outer_per_sample;
  int64_t size;
  int which;

  LIFTED_BODY void operator()(int64_t i) const {
    const Axis::Place p = axis.place(i);
    const core::WarpWindow window = samples[core::quotient(p.outer, outer_per_sample)].window[which];
    if (p.at >= window.size) return;
    const int64_t first = core::first_mirrored(window) + p.at / 2 + p.at % 2;
    float sum = 0;
    for (int64_t t = 0; t < core::kWarpPhaseTaps; ++t) {
      const int64_t x = core::mirrored(first + t, size);
      if (x >= 0) sum += taps[core::doubling_tap(p.at, t)] * in[(p.outer * size + x) * axis.inner.by + p.inner];
    }
    out[i] = sum;
  }
};

/// Its adjoint.
struct DoubleAdjointThread {
  const float* in;  // outer × most × inner
  const WarpSample* samples;
  const float* taps;
  float* out;  // outer × size × inner
  Axis axis;   // of out
  core::Divisor outer_per_sample;
  int64_t most;
  int which;

  LIFTED_BODY float gathered(const Axis::Place& p, const core::WarpWindow& window, int64_t q) const {
    const int64_t last = 2 * (q - core::first_mirrored(window)) + 1;  // the last result that element q meets
    float sum = 0;
    for (int64_t k = last - core::kWarpTaps; k <= last; ++k) {
      if (k < 0 || k >= window.size) continue;
      sum += doubling_weight(taps, window, q, k) * in[(p.outer * most + k) * axis.inner.by + p.inner];
    }
    return sum;
  }
  LIFTED_BODY void operator()(int64_t i) const {
    const Axis::Place p = axis.place(i);
    const core::WarpWindow window = samples[core::quotient(p.outer, outer_per_sample)].window[which];
    const int64_t end = axis.length.by - 1;
    float sum = gathered(p, window, end - p.at);  // the row itself lies between its mirror images
    if (p.at > 0) sum += gathered(p, window, end + p.at);
    if (p.at < end) sum += gathered(p, window, 3 * end - p.at);
    out[i] = sum;
  }
};

/// Halves along an axis and cuts the margins off: in outer × warped_length × inner, out outer × size × inner.
struct HalveThread {
  const float* in;
  const float* taps;
  float* out;
  Axis axis;  // of out

  LIFTED_BODY void operator()(int64_t i) const {
    const Axis::Place p = axis.place(i);
    const float* from = in + (p.outer * core::warped_length(axis.length.by) + 2 * p.at + 1) * axis.inner.by + p.inner;
    float sum = 0;
    for (int64_t t = 0; t < core::kWarpTaps; ++t) sum += taps[t] * from[t * axis.inner.by];
    out[i] = sum;
  }
};

/// Its adjoint: in outer × size × inner, out outer × warped_length × inner.
struct HalveAdjointThread {
  const float* in;
  const float* taps;
  float* out;
  Axis axis;  // of out
  int64_t size;

  LIFTED_BODY void operator()(int64_t i) const {
    const Axis::Place p = axis.place(i);
    const float* from = in + p.outer * size * axis.inner.by + p.inner;
    float sum = 0;
    for (int64_t k = p.at / 2 - core::kWarpPhaseTaps; k <= p.at / 2; ++k) {
      const int64_t t = p.at - 2 * k - 1;
      if (k >= 0 && k < size && t >= 0 && t < core::kWarpTaps) sum += taps[t] * from[k * axis.inner.by];
    }
    out[i] = sum;
  }
};

/// Planes of windows, most_rows × most_columns each, and of warped images.
struct WarpPlanes {
  const WarpSample* samples;
  core::Divisor planes_per_sample;
  int64_t most_rows, most_columns, warped_rows, warped_columns;

  LIFTED_BODY const WarpSample& sample(int64_t plane) const {
    return samples[core::quotient(plane, planes_per_sample)];
  }
};

LIFTED_HD core::WarpPoint<float> point_of(const WarpSample& s, int64_t column, int64_t row) {
  const auto c = static_cast<double>(column), r = static_cast<double>(row);
  return core::warp_point(static_cast<float>(s.map[0] * c + s.map[1] * r + s.map[2]),
                          static_cast<float>(s.map[3] * c + s.map[4] * r + s.map[5]),
                          static_cast<float>(s.window[kColumns].size + 1),
                          static_cast<float>(s.window[kRows].size + 1));
}

/// Bilinear sampling: a thread a pixel of the warped images.
struct SampleThread {
  WarpPlanes planes;
  const float* doubled;
  float* warped;
  Axis axis;  // plane × row × column

  LIFTED_BODY void operator()(int64_t i) const {
    const Axis::Place p = axis.place(i);
    const WarpSample& s = planes.sample(p.outer);
    const core::WarpPoint<float> at = point_of(s, p.inner, p.at);
    const float* plane = doubled + p.outer * planes.most_rows * planes.most_columns;
    float sum = 0;
    for (int dy = 0; dy < 2; ++dy) {
      for (int dx = 0; dx < 2; ++dx) {
        const int64_t row = at.row + dy - 1, column = at.column + dx - 1;
        if (row < 0 || column < 0 || row >= s.window[kRows].size || column >= s.window[kColumns].size) continue;
        sum += plane[row * planes.most_columns + column] * (dx ? at.x : 1 - at.x) * (dy ? at.y : 1 - at.y);
      }
    }
    warped[i] = sum;
  }
};

struct IndexRange {
  int64_t begin, end;
};
/// The whole numbers x of [0, size) with |slope·x + offset| < 1, give or take one.
LIFTED_HD IndexRange within_one(double slope, double offset, int64_t size) {
  if (slope < 0) slope = -slope, offset = -offset;
  if (slope < 1e-12) return offset < 2 && offset > -2 ? IndexRange{0, size} : IndexRange{0, 0};
  const double low = (-1 - offset) / slope - 1, high = (1 - offset) / slope + 2, most = static_cast<double>(size);
  return {low > 0 ? static_cast<int64_t>(low < most ? low : most) : 0,
          high > 0 ? static_cast<int64_t>(high < most ? high : most) : 0};
}

/// Its adjoint: a thread a pixel of the windows, which asks the pixels that its square of side 2 comes from.
struct SampleAdjointThread {
  WarpPlanes planes;
  const float* warped;
  float* doubled;
  Axis axis;  // plane × row × column of the windows

  /// Rows of the warped image that can touch the pixel (x, y), counted from 1.
  LIFTED_BODY IndexRange rows(const WarpSample& s, double x, double y) const {
    const double middle = s.back[2] * (x - s.map[2]) + s.back[3] * (y - s.map[5]);
    const double reach = (s.back[2] < 0 ? -s.back[2] : s.back[2]) + (s.back[3] < 0 ? -s.back[3] : s.back[3]);
    const auto last = static_cast<double>(planes.warped_rows);
    if (!(reach < last)) return {0, planes.warped_rows};  // a map that keeps no area, too
    const double low = middle - reach - 1, high = middle + reach + 2;
    return {low > 0 ? static_cast<int64_t>(low < last ? low : last) : 0,
            high > 0 ? static_cast<int64_t>(high < last ? high : last) : 0};
  }

  LIFTED_BODY float of_row(const WarpSample& s, const float* from, int64_t row, int64_t x, int64_t y) const {
    const auto r = static_cast<double>(row);
    const IndexRange a = within_one(s.map[0], s.map[1] * r + s.map[2] - static_cast<double>(x), planes.warped_columns);
    const IndexRange b = within_one(s.map[3], s.map[4] * r + s.map[5] - static_cast<double>(y), planes.warped_columns);
    const int64_t end = a.end < b.end ? a.end : b.end;
    float sum = 0;
    for (int64_t column = a.begin > b.begin ? a.begin : b.begin; column < end; ++column) {
      const core::WarpPoint<float> at = point_of(s, column, row);
      const int64_t dx = x - at.column, dy = y - at.row;
      if (dx < 0 || dx > 1 || dy < 0 || dy > 1) continue;
      sum += from[column] * (dx ? at.x : 1 - at.x) * (dy ? at.y : 1 - at.y);
    }
    return sum;
  }

  LIFTED_BODY void operator()(int64_t i) const {
    const Axis::Place p = axis.place(i);
    const WarpSample& s = planes.sample(p.outer);
    if (p.at >= s.window[kRows].size || p.inner >= s.window[kColumns].size) return;
    const int64_t x = p.inner + 1, y = p.at + 1;
    const float* plane = warped + p.outer * planes.warped_rows * planes.warped_columns;
    const IndexRange range = rows(s, static_cast<double>(x), static_cast<double>(y));
    float sum = 0;
    for (int64_t row = range.begin; row < range.end; ++row) {
      sum += of_row(s, plane + row * planes.warped_columns, row, x, y);
    }
    doubled[i] = sum;
  }
};

}  // namespace lifted::ops::cuda
