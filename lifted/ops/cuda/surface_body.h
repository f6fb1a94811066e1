// Passes over depth maps on a card: a thread a sample.
#pragma once

#include "lifted/ops/core/division.h"
#include "lifted/ops/core/surface.h"

namespace lifted::ops::cuda {

struct DepthGridOnCard {
  const float* depth;  // batch × rows × columns
  core::Divisor rows, columns;
  float slope, principal;

  LIFTED_BODY float ray(int64_t i) const { return core::ray(static_cast<int32_t>(i), principal, slope); }
};

struct MoveSampleThread {
  DepthGridOnCard grid;
  const float* rotation;       // batch × 9
  const float* offset;         // batch × 3
  const float* transform_map;  // batch × rows × columns, or null
  core::Vector3<float>* vertices;

  LIFTED_BODY void operator()(int64_t i) const {
    const core::Division line = core::divide(i, grid.columns), sample = core::divide(line.quotient, grid.rows);
    const int64_t column = line.rest, row = sample.rest, b = sample.quotient;
    const float d = grid.depth[i];
    vertices[i] = core::move({grid.ray(column) * d, grid.ray(row) * d, d}, rotation + 9 * b, offset + 3 * b,
                             transform_map ? transform_map[i] : 1.0f);
  }
};

struct ShadeSampleThread {
  DepthGridOnCard grid;
  float epsilon;  // added to the length of normals
  core::Vector3<float>* normals;
  const float* ambient;  // batch; null when only normals are wanted
  const float* diffuse;
  const float* direction;  // batch × 3
  const float* albedo;     // batch × 3 × rows × columns
  float* shading;          // batch × rows × columns
  float* image;            // as albedo

  /// Border samples borrow from their inner neighbour.
  LIFTED_BODY static int64_t inside(int64_t i, int64_t size) { return i < 1 ? 1 : i > size - 2 ? size - 2 : i; }

  LIFTED_BODY void operator()(int64_t i) const {
    const int64_t rows = grid.rows.by, columns = grid.columns.by, plane = rows * columns;
    const core::Division line = core::divide(i, grid.columns), sample = core::divide(line.quotient, grid.rows);
    const int64_t c = inside(line.rest, columns), r = inside(sample.rest, rows), b = sample.quotient;
    const float* at = grid.depth + b * plane + r * columns + c;
    const core::Neighbours<float> around = {at[-1],          at[1],           at[-columns],    at[columns],
                                            grid.ray(c),     grid.ray(c - 1), grid.ray(c + 1), grid.ray(r),
                                            grid.ray(r - 1), grid.ray(r + 1)};
    const core::Vector3<float> n = core::normal(around, epsilon);
    normals[i] = n;
    if (!ambient) return;
    shading[i] = core::shading(n, ambient[b], diffuse[b], direction + 3 * b);
    for (int64_t k = 0; k < 3; ++k) {
      const int64_t value = (b * 3 + k) * plane + i - b * plane;
      image[value] = core::shade(albedo[value], shading[i]);
    }
  }
};

}  // namespace lifted::ops::cuda
