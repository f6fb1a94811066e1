#include "lifted/ops/cpu/surface_kernel.h"

#include <cmath>

namespace lifted::ops::LIFTED_ISA {
namespace {

void move_row(const SurfaceParams& p, int64_t row) {
  const int64_t b = row / p.rows;
  const float* depth = p.depth + row * p.columns;
  const float* follows = p.transform_map ? p.transform_map + row * p.columns : nullptr;
  const float *r = p.rotation + b * 9, *t = p.offset + b * 3;
  float* out = p.vertices + row * p.columns * 3;
  const float v = (static_cast<float>(row % p.rows) - p.principal) * p.slope;
  for (int32_t i = 0; i < static_cast<int32_t>(p.columns); ++i) {
    const float d = depth[i], x = (static_cast<float>(i) - p.principal) * p.slope * d, y = v * d;
    const float mx = r[0] * x + r[1] * y + r[2] * d + t[0], my = r[3] * x + r[4] * y + r[5] * d + t[1],
                mz = r[6] * x + r[7] * y + r[8] * d + t[2];
    const float follow = follows ? follows[i] : 1.0f;
    out[3 * i] = follow * mx + (1 - follow) * x;
    out[3 * i + 1] = follow * my + (1 - follow) * y;
    out[3 * i + 2] = follow * mz + (1 - follow) * d;
  }
}

/// Normals of the inner columns of a row from the rows above and below; border rows borrow their inner neighbour's.
void normal_row(const SurfaceParams& p, int64_t row) {
  const int64_t in_image = row % p.rows;
  const int64_t inner = in_image == 0 ? 1 : in_image == p.rows - 1 ? p.rows - 2 : in_image;
  const float* here = p.depth + (row - in_image + inner) * p.columns;
  const float *above = here - p.columns, *below = here + p.columns;
  const float v = (static_cast<float>(inner) - p.principal) * p.slope;
  const float v_above = (static_cast<float>(inner - 1) - p.principal) * p.slope;
  const float v_below = (static_cast<float>(inner + 1) - p.principal) * p.slope;
  const float epsilon = p.unit_normals ? 0.0f : 1e-7f;
  float* out = p.normals + row * p.columns * 3;
  for (int32_t i = 1; i < static_cast<int32_t>(p.columns) - 1; ++i) {
    const float u = (static_cast<float>(i) - p.principal) * p.slope,
                u_left = (static_cast<float>(i - 1) - p.principal) * p.slope,
                u_right = (static_cast<float>(i + 1) - p.principal) * p.slope;
    const float right = here[i + 1], left = here[i - 1], up = above[i], down = below[i];
    const float ax = right * u_right - left * u_left, ay = right * v - left * v, az = right - left;
    const float dx = down * u - up * u, dy = down * v_below - up * v_above, dz = down - up;
    const float nx = ay * dz - az * dy, ny = az * dx - ax * dz, nz = ax * dy - ay * dx;
    const float square = nx * nx + ny * ny + nz * nz;
    const float scale = 1 / (__builtin_sqrtf(square < 1e-30f ? 1e-30f : square) + epsilon);
    out[3 * i] = nx * scale;
    out[3 * i + 1] = ny * scale;
    out[3 * i + 2] = nz * scale;
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
  const float* direction = p.direction + 3 * b;
  const float x = direction[0], y = direction[1], z = direction[2];
  float* shading = p.shading + row * p.columns;
  for (int32_t i = 0; i < static_cast<int32_t>(p.columns); ++i) {
    const float cosine = normal[3 * i] * x + normal[3 * i + 1] * y + normal[3 * i + 2] * z;
    shading[i] = ambient + diffuse * (cosine < 0 ? 0 : cosine);
  }
  for (int c = 0; c < 3; ++c) {
    const float* albedo = p.albedo + (b * 3 + c) * plane + at;
    float* image = p.image + (b * 3 + c) * plane + at;
    for (int64_t i = 0; i < p.columns; ++i) image[i] = (albedo[i] / 2 + 0.5f) * shading[i] * 2 - 1;
  }
}

}  // namespace

void surface_vertices(const SurfaceParams& p, int64_t first, int64_t last) {
  for (int64_t row = first; row < last; ++row) move_row(p, row);
}

void shade_surface(const SurfaceParams& p, int64_t first, int64_t last) {
  for (int64_t row = first; row < last; ++row) {
    normal_row(p, row);
    if (p.ambient) shade_row(p, row);
  }
}

}  // namespace lifted::ops::LIFTED_ISA
