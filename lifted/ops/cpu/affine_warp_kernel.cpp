#include "lifted/ops/cpu/affine_warp_kernel.h"

#include <algorithm>

namespace lifted::ops::LIFTED_ISA {
namespace {

using core::first_mirrored, core::mirrored;
constexpr int64_t kTaps = core::kWarpTaps, kPhaseTaps = core::kWarpPhaseTaps;

/// The filter's taps by what they meet when resolution doubles or halves: pixels (or results) of one parity each.
struct Phases {
  float double_even[kPhaseTaps], double_odd[kPhaseTaps];  // results 2m and 2m + 1
  float halve_odd[kPhaseTaps], halve_even[kPhaseTaps];    // pixels 2m + 1 and 2m
};

Phases phases_of(const float* taps) {
  Phases phases;
  for (int64_t t = 0; t < kPhaseTaps; ++t) {
    phases.double_even[t] = taps[core::doubling_tap(0, t)], phases.double_odd[t] = taps[core::doubling_tap(1, t)];
    phases.halve_odd[t] = taps[2 * t], phases.halve_even[t] = taps[2 * t + 1];
  }
  return phases;
}

struct Scratch {
  float *doubled, *tall, *narrow, *segment, *even, *odd, *warped_even, *warped_odd;
  int64_t stride;  // of doubled
};

Scratch divide(const WarpPlane& p) {
  Scratch s = {};
  s.stride = p.columns.size + 3;
  s.doubled = p.scratch;
  s.tall = s.doubled + (p.rows.size + 3) * s.stride;
  s.narrow = s.tall + p.rows.size * p.width;
  s.segment = s.narrow + 2 * (p.height + 6) * p.width;
  s.even = s.segment + p.columns.size + 16;
  s.odd = s.even + p.columns.size + 16;
  s.warped_even = s.odd + p.columns.size + 16;
  s.warped_odd = s.warped_even + p.width + 6;
  return s;
}

void add_scaled(const float* __restrict in, float scale, int64_t count, float* __restrict out) {
  for (int64_t i = 0; i < count; ++i) out[i] += scale * in[i];
}

/// out[i] (+)= Σ taps[t]·in[i + t]
template <bool kAdd>
void filter(const float* __restrict in, const float* __restrict taps, int64_t count, float* __restrict out) {
  const float t0 = taps[0], t1 = taps[1], t2 = taps[2], t3 = taps[3], t4 = taps[4], t5 = taps[5];
  for (int64_t i = 0; i < count; ++i) {
    const float sum =
        (t0 * in[i] + t1 * in[i + 1]) + (t2 * in[i + 2] + t3 * in[i + 3]) + (t4 * in[i + 4] + t5 * in[i + 5]);
    out[i] = kAdd ? out[i] + sum : sum;
  }
}

/// The adjoint: out[i + t] += taps[t]·in[i].
void filter_adjoint(const float* in, const float* taps, int64_t count, float* out) {
  for (int64_t t = 0; t < kPhaseTaps; ++t) add_scaled(in, taps[t], count, out + t);
}

// ---- Twice the resolution ----

/// Calls body(doubled row, image row, tap) for every pair that meets.
template <typename Body>
void for_row_pairs(const WarpPlane& p, const Phases& phases, const Body& body) {
  for (int64_t pair = 0; pair < p.rows.size / 2; ++pair) {
    const int64_t first = first_mirrored(p.rows) + pair;
    for (int64_t t = 0; t <= kPhaseTaps; ++t) {
      const int64_t y = mirrored(first + t, p.height);
      if (y < 0) continue;
      if (t < kPhaseTaps) body(2 * pair, y, phases.double_even[t]);
      if (t > 0) body(2 * pair + 1, y, phases.double_odd[t - 1]);
    }
  }
}

void double_resolution(const WarpPlane& p, const Phases& phases, const Scratch& s) {
  std::fill_n(s.tall, p.rows.size * p.width, 0.0f);
  for_row_pairs(p, phases, [&](int64_t row, int64_t y, float tap) {
    add_scaled(p.in + y * p.width, tap, p.width, s.tall + row * p.width);
  });
  std::fill_n(s.doubled, (p.rows.size + 3) * s.stride, 0.0f);
  const int64_t half = p.columns.size / 2, first = first_mirrored(p.columns);
  for (int64_t row = 0; row < p.rows.size; ++row) {
    for (int64_t i = 0; i < half + kPhaseTaps; ++i) {
      const int64_t x = mirrored(first + i, p.width);
      s.segment[i] = x < 0 ? 0.0f : s.tall[row * p.width + x];
    }
    filter<false>(s.segment, phases.double_even, half, s.even);
    filter<false>(s.segment + 1, phases.double_odd, half, s.odd);
    float* out = s.doubled + (row + 1) * s.stride + 1;
    for (int64_t m = 0; m < half; ++m) out[2 * m] = s.even[m], out[2 * m + 1] = s.odd[m];
  }
}

void double_resolution_adjoint(const WarpPlane& p, const Phases& phases, const Scratch& s) {
  std::fill_n(s.tall, p.rows.size * p.width, 0.0f);
  const int64_t half = p.columns.size / 2, first = first_mirrored(p.columns);
  for (int64_t row = 0; row < p.rows.size; ++row) {
    const float* in = s.doubled + (row + 1) * s.stride + 1;
    for (int64_t m = 0; m < half; ++m) s.even[m] = in[2 * m], s.odd[m] = in[2 * m + 1];
    std::fill_n(s.segment, half + kPhaseTaps, 0.0f);
    filter_adjoint(s.even, phases.double_even, half, s.segment);
    filter_adjoint(s.odd, phases.double_odd, half, s.segment + 1);
    for (int64_t i = 0; i < half + kPhaseTaps; ++i) {
      const int64_t x = mirrored(first + i, p.width);
      if (x >= 0) s.tall[row * p.width + x] += s.segment[i];
    }
  }
  std::fill_n(p.out, p.height * p.width, 0.0f);
  for_row_pairs(p, phases, [&](int64_t row, int64_t y, float tap) {
    add_scaled(s.tall + row * p.width, tap, p.width, p.out + y * p.width);
  });
}

// ---- Bilinear sampling ----

/// Every other pixel of one row of the warped image, and where in the doubled window each lies.
struct Line {
  float x, y, step_x, step_y;
  float last_x, last_y;  // from here on there are only zeros
  int32_t stride;
};

Line line_of(const WarpPlane& p, const Scratch& s, int64_t row, int64_t parity) {
  const auto r = static_cast<double>(row), c = static_cast<double>(parity);
  return {static_cast<float>(p.map[0] * c + p.map[1] * r + p.map[2]),
          static_cast<float>(p.map[3] * c + p.map[4] * r + p.map[5]),
          static_cast<float>(2 * p.map[0]),
          static_cast<float>(2 * p.map[3]),
          static_cast<float>(p.columns.size + 1),
          static_cast<float>(p.rows.size + 1),
          static_cast<int32_t>(s.stride)};
}

/// The pixel before a point of the line, and the weights of that and the next one along x and y.
struct Point {
  int32_t index;
  float x1, y1;
};

inline Point point_of(const Line& line, int32_t i) {
  const auto at = core::warp_point(line.x + static_cast<float>(i) * line.step_x,
                                   line.y + static_cast<float>(i) * line.step_y, line.last_x, line.last_y);
  return {at.row * line.stride + at.column, at.x, at.y};
}

void sample(const Line& line, const float* __restrict doubled, int64_t count, float* __restrict out) {
  const float* __restrict below = doubled + line.stride;
  for (int32_t i = 0; i < static_cast<int32_t>(count); ++i) {
    const Point p = point_of(line, i);
    const float top = doubled[p.index] * (1 - p.x1) + doubled[p.index + 1] * p.x1;
    const float bottom = below[p.index] * (1 - p.x1) + below[p.index + 1] * p.x1;
    out[i] = top * (1 - p.y1) + bottom * p.y1;
  }
}

void sample_adjoint(const Line& line, const float* in, int64_t count, float* doubled) {
  for (int32_t i = 0; i < static_cast<int32_t>(count); ++i) {
    const Point p = point_of(line, i);
    const float top = in[i] * (1 - p.y1), bottom = in[i] * p.y1;
    float* pixel = doubled + p.index;
    pixel[0] += top * (1 - p.x1), pixel[1] += top * p.x1;
    pixel[line.stride] += bottom * (1 - p.x1), pixel[line.stride + 1] += bottom * p.x1;
  }
}

}  // namespace

void warp_plane(const WarpPlane& p) {
  const Phases phases = phases_of(p.taps);
  const Scratch s = divide(p);
  double_resolution(p, phases, s);
  const int64_t half = p.width + 6;
  for (int64_t row = 0; row < 2 * (p.height + 6); ++row) {
    sample(line_of(p, s, row, 0), s.doubled, half, s.warped_even);
    sample(line_of(p, s, row, 1), s.doubled, half, s.warped_odd);
    filter<false>(s.warped_odd, phases.halve_odd, p.width, s.narrow + row * p.width);
    filter<true>(s.warped_even + 1, phases.halve_even, p.width, s.narrow + row * p.width);
  }
  std::fill_n(p.out, p.height * p.width, 0.0f);
  for (int64_t y = 0; y < p.height; ++y) {
    for (int64_t t = 0; t < kTaps; ++t)
      add_scaled(s.narrow + (2 * y + 1 + t) * p.width, p.taps[t], p.width, p.out + y * p.width);
  }
}

void warp_plane_adjoint(const WarpPlane& p) {
  const Phases phases = phases_of(p.taps);
  const Scratch s = divide(p);
  std::fill_n(s.narrow, 2 * (p.height + 6) * p.width, 0.0f);
  for (int64_t y = 0; y < p.height; ++y) {
    for (int64_t t = 0; t < kTaps; ++t)
      add_scaled(p.in + y * p.width, p.taps[t], p.width, s.narrow + (2 * y + 1 + t) * p.width);
  }
  std::fill_n(s.doubled, (p.rows.size + 3) * s.stride, 0.0f);
  const int64_t half = p.width + 6;
  for (int64_t row = 0; row < 2 * (p.height + 6); ++row) {
    std::fill_n(s.warped_even, 2 * half, 0.0f);  // the odd ones follow
    filter_adjoint(s.narrow + row * p.width, phases.halve_odd, p.width, s.warped_odd);
    filter_adjoint(s.narrow + row * p.width, phases.halve_even, p.width, s.warped_even + 1);
    sample_adjoint(line_of(p, s, row, 0), s.warped_even, half, s.doubled);
    sample_adjoint(line_of(p, s, row, 1), s.warped_odd, half, s.doubled);
  }
  double_resolution_adjoint(p, phases, s);
}

}  // namespace lifted::ops::LIFTED_ISA
