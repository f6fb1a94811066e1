// Triangles of a depth grid's mesh: projection, edge functions, coverage and barycentrics, for single numbers and,
// where no branch stands, for vectors of them.
#pragma once

#include <cstdint>

#include "lifted/ops/core/host_device.h"

namespace lifted::ops::core {

constexpr double kNear = 1e-4;  // Vertices nearer than this (or behind the camera) make their triangles invisible.
constexpr double kHuge = 1e9;   // Projected coordinates beyond this are not usable numbers.
constexpr double kAreaEpsilon =
    1e-8;                        // Added to the doubled area under the barycentrics, as the published renderer does.
constexpr double kSlack = 1e-3;  // Pixels by which bounding boxes grow, well above their rounding error.
constexpr double kFar = 1e30;    // Initial depth of the z-buffer.

template <typename T>
LIFTED_HD T lower(T a, T b) {
  return a < b ? a : b;
}
template <typename T>
LIFTED_HD T higher(T a, T b) {
  return a > b ? a : b;
}

/// Twice the signed area of (p, a, b). Neighbouring triangles call it with the same arguments for their common edge, so
/// no pixel centre can fall between them.
template <typename T>
LIFTED_HD T edge(T px, T py, T ax, T ay, T bx, T by) {
  return (px - ax) * (by - ay) - (py - ay) * (bx - ax);
}

/// Projected coordinate of the centre of pixel i.
template <typename T>
LIFTED_HD T pixel_centre(T i, T inverse_size) {
  return (2 * i + 1) * inverse_size - 1;
}

/// The first and last pixel, within [first, last], whose centres may lie in a triangle reaching from `lo` to `hi`
/// (projected coordinates, half the image side in `half`). Empty (first > last) for NaN-only triangles, whose lo is
/// kFar and hi −kFar.
template <typename T>
LIFTED_HD T first_pixel(T lo, T half, T first, T last) {
  const T position = lower(higher((lo + 1) * half - T(0.5) - T(kSlack), first), last + 1);
  const T whole = static_cast<T>(static_cast<int32_t>(position));
  return whole < position ? whole + 1 : whole;
}
template <typename T>
LIFTED_HD T last_pixel(T hi, T half, T first, T last) {
  const T position = higher(lower((hi + 1) * half - T(0.5) + T(kSlack), last), first - 1);
  return static_cast<T>(static_cast<int32_t>(position + 1)) - 1;  // Rounds down from −1 upwards.
}

/// A projected vertex: x and y −1 … 1 across the image, and its depth. x and y are NaN where it cannot be drawn.
template <typename T>
struct Corner {
  T x, y, z;
};

template <typename T>
LIFTED_HD Corner<T> project(T x, T y, T z, T focal) {
  const T scale = focal / z, px = x * scale, py = y * scale;
  const bool usable =
      z > T(kNear) && z < T(kHuge) && px < T(kHuge) && px > T(-kHuge) && py < T(kHuge) && py > T(-kHuge);
  return {usable ? px : T(__builtin_nan("")), usable ? py : T(__builtin_nan("")), z};
}

/// What belongs to the corners v0, v1 and v2: edge functions opposite to them, weights, or derivatives of weights.
template <typename T>
struct Edges {
  T e0, e1, e2;
};

/// One triangle of the grid: upper-left ones are (top left, bottom left, top right), lower-right ones (top right,
/// bottom left, bottom right).
template <typename T>
struct Triangle {
  Corner<T> v0, v1, v2;
  int64_t row, column;  // The quad.
  bool lower_right;
};

/// Edge functions opposite to each corner, each edge always taken left to right, top to bottom, or along the diagonal.
template <typename T>
LIFTED_HD Edges<T> edges_at(const Triangle<T>& t, T px, T py) {
  if (t.lower_right) {
    return {edge(px, py, t.v1.x, t.v1.y, t.v2.x, t.v2.y), -edge(px, py, t.v0.x, t.v0.y, t.v2.x, t.v2.y),
            -edge(px, py, t.v1.x, t.v1.y, t.v0.x, t.v0.y)};
  }
  return {edge(px, py, t.v1.x, t.v1.y, t.v2.x, t.v2.y), -edge(px, py, t.v0.x, t.v0.y, t.v2.x, t.v2.y),
          edge(px, py, t.v0.x, t.v0.y, t.v1.x, t.v1.y)};
}

template <typename T>
LIFTED_HD T area_of(const Corner<T>& v0, const Corner<T>& v1, const Corner<T>& v2) {
  return edge(v2.x, v2.y, v0.x, v0.y, v1.x, v1.y);
}

/// Slivers: so thin that area + epsilon is no useful divisor (zero, or of the other sign). They are normalized by the
/// sum of their edge functions and pass no gradient to positions.
template <typename T>
LIFTED_HD bool is_sliver(T area) {
  return !(area > T(kAreaEpsilon) || area < T(-10 * kAreaEpsilon));
}

template <typename T>
LIFTED_HD bool covers(const Edges<T>& e) {
  return (e.e0 >= 0 && e.e1 >= 0 && e.e2 >= 0) || (e.e0 <= 0 && e.e1 <= 0 && e.e2 <= 0);
}

/// 1 / (the divisor of the edge functions); 0 where the triangle has no extent at all.
template <typename T>
LIFTED_HD T inverse_area(const Edges<T>& e, T area) {
  const T divisor = is_sliver(area) ? e.e0 + e.e1 + e.e2 : area + T(kAreaEpsilon);
  return divisor == 0 ? T(0) : 1 / divisor;
}

template <typename T>
LIFTED_HD Edges<T> perspective_weights(const Edges<T>& w, T z0, T z1, T z2) {
  const T q0 = w.e0 / z0, q1 = w.e1 / z1, q2 = w.e2 / z2;
  const T scale = 1 / (q0 + q1 + q2);
  return {q0 * scale, q1 * scale, q2 * scale};
}

/// Where a pixel centre lies in a triangle: weights of its corners before and after the division by depth.
template <typename T>
struct Barycentrics {
  T area, inverse;  // Doubled area, and inverse_area.
  Edges<T> affine, weights;
};

template <typename T>
LIFTED_HD Barycentrics<T> barycentrics(const Triangle<T>& t, T px, T py, bool perspective_correct) {
  const Edges<T> e = edges_at(t, px, py);
  const T area = area_of(t.v0, t.v1, t.v2), inverse = inverse_area(e, area);
  const Edges<T> affine = {e.e0 * inverse, e.e1 * inverse, e.e2 * inverse};
  return {area, inverse, affine, perspective_correct ? perspective_weights(affine, t.v0.z, t.v1.z, t.v2.z) : affine};
}

template <typename T>
LIFTED_HD T weighted(const Edges<T>& w, T v0, T v1, T v2) {
  return w.e0 * v0 + w.e1 * v1 + w.e2 * v2;
}

}  // namespace lifted::ops::core
