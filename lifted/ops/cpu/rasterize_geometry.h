// Where the rasterizer's kernels find triangles. Compiled once per instruction set: everything is in an anonymous
// namespace of LIFTED_ISA, so that no copy is shared between them.
#pragma once

#include <cmath>

#include "lifted/ops/core/triangle.h"
#include "lifted/ops/cpu/rasterize_kernel.h"

namespace lifted::ops::LIFTED_ISA {
namespace {
using namespace core;  // NOLINT: this is their vector form

template <typename T>
inline Corner<T> corner(const RasterizeParams<T>& p, int64_t b, int64_t row, int64_t column) {
  const int64_t at = (b * p.rows + row) * p.scratch_columns + column;
  return {p.x[at], p.y[at], p.z[at]};
}

template <typename T>
inline Triangle<T> triangle_of(const RasterizeParams<T>& p, int64_t b, int64_t row, int64_t column, bool lower_right) {
  const Corner<T> bottom_left = corner(p, b, row + 1, column), top_right = corner(p, b, row, column + 1);
  if (lower_right) return {top_right, bottom_left, corner(p, b, row + 1, column + 1), row, column, true};
  return {corner(p, b, row, column), bottom_left, top_right, row, column, false};
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
