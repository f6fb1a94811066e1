#include "lifted/ops/cpu/surface_kernel.h"

#include "lifted/ops/core/surface.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

/// Everything that a column does not change is copied first: stores could change what is read through pointers.
template <bool kFollows>
void move_columns(const SurfaceParams& p, int64_t row) {
  float r[9], t[3];
  for (int k = 0; k < 9; ++k) r[k] = p.rotation[row / p.rows * 9 + k];
  for (int k = 0; k < 3; ++k) t[k] = p.offset[row / p.rows * 3 + k];
  const float principal = p.principal, slope = p.slope;
  const float v = core::ray(static_cast<int32_t>(row % p.rows), principal, slope);
  const float* __restrict depth = p.depth + row * p.columns;
  const float* __restrict follows = kFollows ? p.transform_map + row * p.columns : nullptr;
  float* __restrict out = p.vertices + row * p.columns * 3;
  for (int32_t i = 0; i < static_cast<int32_t>(p.columns); ++i) {
    const core::Vector3<float> point = {core::ray(i, principal, slope) * depth[i], v * depth[i], depth[i]};
    const core::Vector3<float> moved = core::move(point, r, t, kFollows ? follows[i] : 1.0f);
    out[3 * i] = moved.x;
    out[3 * i + 1] = moved.y;
    out[3 * i + 2] = moved.z;
  }
}

/// Normals of the inner columns of a row from the rows above and below; border rows borrow their inner neighbour's.
void normal_row(const SurfaceParams& p, int64_t row) {
  const int64_t in_image = row % p.rows;
  const int64_t inner = in_image == 0 ? 1 : in_image == p.rows - 1 ? p.rows - 2 : in_image;
  const float* here = p.depth + (row - in_image + inner) * p.columns;
  const float *above = here - p.columns, *below = here + p.columns;
  const float principal = p.principal, slope = p.slope;
  const auto row_ray = [&](int64_t at) { return core::ray(static_cast<int32_t>(at), principal, slope); };
  const float v = row_ray(inner), v_above = row_ray(inner - 1), v_below = row_ray(inner + 1);
  const float epsilon = p.unit_normals ? 0.0f : 1e-7f;
  float* __restrict out = p.normals + row * p.columns * 3;
  for (int32_t i = 1; i < static_cast<int32_t>(p.columns) - 1; ++i) {
    const core::Neighbours<float> around = {.left = here[i - 1],
                                            .right = here[i + 1],
                                            .up = above[i],
                                            .down = below[i],
                                            .u = core::ray(i, principal, slope),
                                            .u_left = core::ray(i - 1, principal, slope),
                                            .u_right = core::ray(i + 1, principal, slope),
                                            .v = v,
                                            .v_up = v_above,
                                            .v_down = v_below};
    const core::Vector3<float> n = core::normal(around, epsilon);
    out[3 * i] = n.x;
    out[3 * i + 1] = n.y;
    out[3 * i + 2] = n.z;
  }
  const int64_t last = p.columns - 1;
  for (int k = 0; k < 3; ++k) {
    out[k] = out[3 + k];
    out[3 * last + k] = out[3 * (last - 1) + k];
  }
}

void shade_row(const SurfaceParams& p, int64_t row) {
  const int64_t b = row / p.rows, plane = p.rows * p.columns, at = (row % p.rows) * p.columns;
  const float* normal = p.normals + row * p.columns * 3;
  const float ambient = p.ambient[b], diffuse = p.diffuse[b];
  const float direction[3] = {p.direction[3 * b], p.direction[3 * b + 1], p.direction[3 * b + 2]};
  float* shading = p.shading + row * p.columns;
  for (int32_t i = 0; i < static_cast<int32_t>(p.columns); ++i) {
    shading[i] = core::shading({normal[3 * i], normal[3 * i + 1], normal[3 * i + 2]}, ambient, diffuse, direction);
  }
  for (int c = 0; c < 3; ++c) {
    const float* albedo = p.albedo + (b * 3 + c) * plane + at;
    float* __restrict image = p.image + (b * 3 + c) * plane + at;
    for (int64_t i = 0; i < p.columns; ++i) image[i] = core::shade(albedo[i], shading[i]);
  }
}

}  // namespace

void surface_vertices(const SurfaceParams& p, int64_t first, int64_t last) {
  for (int64_t row = first; row < last; ++row) {
    if (p.transform_map) {
      move_columns<true>(p, row);
    } else {
      move_columns<false>(p, row);
    }
  }
}

void shade_surface(const SurfaceParams& p, int64_t first, int64_t last) {
  for (int64_t row = first; row < last; ++row) {
    normal_row(p, row);
    if (p.ambient) shade_row(p, row);
  }
}

}  // namespace lifted::ops::LIFTED_ISA
