// Triangles, edge functions and barycentrics shared by the rasterizer's kernels. Compiled once per instruction set:
// everything is in an anonymous namespace of LIFTED_ISA, so that no copy is shared between them, and only builtins are
// called.
#pragma once

#include <cmath>

#include "lifted/ops/cpu/rasterize_kernel.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

constexpr double kNear = 1e-4;  // Vertices nearer than this (or behind the camera) make their triangles invisible.
constexpr double kHuge = 1e9;   // Projected coordinates beyond this are not usable numbers.
constexpr double kAreaEpsilon =
    1e-8;                        // Added to the doubled area under the barycentrics, as the published renderer does.
constexpr double kSlack = 1e-3;  // Pixels by which bounding boxes grow, well above their rounding error.
constexpr double kFar = 1e30;    // Initial depth of the z-buffer.

template <typename T>
T lower(T a, T b) {
  return a < b ? a : b;
}
template <typename T>
T higher(T a, T b) {
  return a > b ? a : b;
}

/// Twice the signed area of (p, a, b). Neighbouring triangles call it with the same arguments for their common edge, so
/// no pixel centre can fall between them.
template <typename T>
inline T edge(T px, T py, T ax, T ay, T bx, T by) {
  return (px - ax) * (by - ay) - (py - ay) * (bx - ax);
}

/// Projected coordinate of the centre of pixel i.
template <typename T>
inline T pixel_centre(T i, T inverse_size) {
  return (2 * i + 1) * inverse_size - 1;
}

/// The first and last pixel, within [first, last], whose centres may lie in a triangle reaching from `lo` to `hi`
/// (projected coordinates, half the image side in `half`). Empty (first > last) for NaN-only triangles, whose lo is
/// kFar and hi −kFar.
template <typename T>
inline T first_pixel(T lo, T half, T first, T last) {
  const T position = lower(higher((lo + 1) * half - T(0.5) - T(kSlack), first), last + 1);
  const T whole = static_cast<T>(static_cast<int32_t>(position));
  return whole < position ? whole + 1 : whole;
}
template <typename T>
inline T last_pixel(T hi, T half, T first, T last) {
  const T position = higher(lower((hi + 1) * half - T(0.5) + T(kSlack), last), first - 1);
  const T whole = static_cast<T>(static_cast<int32_t>(position + 1)) - 1;  // Rounds down from −1 upwards.
  return whole;
}

template <typename T>
struct Corner {
  T x, y, z;
};

template <typename T>
struct Edges {
  T e0, e1, e2;
};

/// One triangle of the grid: corners in face order and their vertex numbers within the image (unpadded).
template <typename T>
struct Triangle {
  Corner<T> v0, v1, v2;
  int64_t row, column;  // The quad.
  bool lower_right;
};

template <typename T>
inline Corner<T> corner(const RasterizeParams<T>& p, int64_t b, int64_t row, int64_t column) {
  const int64_t at = (b * p.rows + row) * p.scratch_columns + column;
  return {p.x[at], p.y[at], p.z[at]};
}

/// Upper-left triangles are (top left, bottom left, top right), lower-right ones (top right, bottom left, bottom
/// right).
template <typename T>
inline Triangle<T> triangle_of(const RasterizeParams<T>& p, int64_t b, int64_t row, int64_t column, bool lower_right) {
  const Corner<T> bottom_left = corner(p, b, row + 1, column), top_right = corner(p, b, row, column + 1);
  if (lower_right) return {top_right, bottom_left, corner(p, b, row + 1, column + 1), row, column, true};
  return {corner(p, b, row, column), bottom_left, top_right, row, column, false};
}

/// Edge functions opposite to each corner, each edge always taken left to right, top to bottom, or along the diagonal.
template <typename T>
inline Edges<T> edges_at(const Triangle<T>& t, T px, T py) {
  if (t.lower_right) {
    return {edge(px, py, t.v1.x, t.v1.y, t.v2.x, t.v2.y), -edge(px, py, t.v0.x, t.v0.y, t.v2.x, t.v2.y),
            -edge(px, py, t.v1.x, t.v1.y, t.v0.x, t.v0.y)};
  }
  return {edge(px, py, t.v1.x, t.v1.y, t.v2.x, t.v2.y), -edge(px, py, t.v0.x, t.v0.y, t.v2.x, t.v2.y),
          edge(px, py, t.v0.x, t.v0.y, t.v1.x, t.v1.y)};
}

template <typename T>
inline T area_of(const Corner<T>& v0, const Corner<T>& v1, const Corner<T>& v2) {
  return edge(v2.x, v2.y, v0.x, v0.y, v1.x, v1.y);
}

/// Slivers: so thin that area + epsilon is no useful divisor (zero, or of the other sign). They are normalized by the
/// sum of their edge functions and pass no gradient to positions.
template <typename T>
inline bool is_sliver(T area) {
  return !(area > T(kAreaEpsilon) || area < T(-10 * kAreaEpsilon));
}

template <typename T>
inline bool covers(const Edges<T>& e) {
  return (e.e0 >= 0 && e.e1 >= 0 && e.e2 >= 0) || (e.e0 <= 0 && e.e1 <= 0 && e.e2 <= 0);
}

/// 1 / (the divisor of the edge functions); 0 where the triangle has no extent at all.
template <typename T>
inline T inverse_area(const Edges<T>& e, T area) {
  const T divisor = is_sliver(area) ? e.e0 + e.e1 + e.e2 : area + T(kAreaEpsilon);
  return divisor == 0 ? T(0) : 1 / divisor;
}

template <typename T>
inline Edges<T> perspective_weights(const Edges<T>& w, T z0, T z1, T z2) {
  const T q0 = w.e0 / z0, q1 = w.e1 / z1, q2 = w.e2 / z2;
  const T scale = 1 / (q0 + q1 + q2);
  return {q0 * scale, q1 * scale, q2 * scale};
}

template <typename T>
inline Triangle<T> triangle_of_face(const RasterizeParams<T>& p, int64_t b, int32_t face) {
  const int32_t across = static_cast<int32_t>(p.columns - 1), quads = static_cast<int32_t>(p.rows - 1) * across;
  const bool lower_right = face >= quads;
  const int32_t quad = lower_right ? face - quads : face, row = quad / across;
  return triangle_of(p, b, row, quad - row * across, lower_right);
}

/// Offsets of the triangle's corners in an array laid out by `stride`.
struct CornerOffsets {
  int64_t v0, v1, v2;
};

template <typename T>
inline CornerOffsets offsets_of(const Triangle<T>& t, int64_t b, const GridStrides& stride) {
  const int64_t top_left = b * stride.batch + t.row * stride.row + t.column * stride.column;
  const int64_t bottom_left = top_left + stride.row, top_right = top_left + stride.column;
  if (t.lower_right) return {top_right, bottom_left, bottom_left + stride.column};
  return {top_left, bottom_left, top_right};
}

}  // namespace
}  // namespace lifted::ops::LIFTED_ISA
