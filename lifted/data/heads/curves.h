// Outlines of lips and brows on the template, tabulated monotone cubics.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads {

/// A curve y(x) sampled evenly, linear between samples, constant outside.
struct Curve {
  static constexpr int samples = 256;
  float start, per_unit;
  std::array<float, samples + 2> y;
};

LIFTED_INLINE float curve_at(const Curve& curve, float x) {
  const float position = clamp((x - curve.start) * curve.per_unit, 0, Curve::samples);
  const int k = static_cast<int>(position);
  return mix(curve.y.data()[k], curve.y.data()[k + 1], position - static_cast<float>(k));
}

/// The monotone piecewise cubic (Fritsch–Carlson) through the knots, tabulated from `from` to `to`.
Curve monotone_curve(const std::vector<std::pair<float, float>>& knots, float from, float to);

/// The three outlines, as functions of |x|.
struct FaceCurves {
  Curve upper_lip, lower_lip, brow;
};
const FaceCurves& face_curves();

/// Signed distance in cm to the outline of the lips, positive inside.
LIFTED_INLINE float lip_distance(const FaceCurves& curves, float x, float y, float z) {
  const float ax = absolute(x);
  const float inside =
      min_of(min_of(curve_at(curves.upper_lip, ax) - y, y - curve_at(curves.lower_lip, ax)), (2.5f - ax) * 0.8f);
  return z > 8.5f ? inside : -1.0f;
}

}  // namespace lifted::data::heads
