// Inner loops of ops/surface.h, without torch.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

/// Always created as `SurfaceParams p = {}`. Arrays are dense, in the order of their comment.
struct SurfaceParams {
  int64_t batch, rows, columns;
  float slope, principal;  // 1 / focal length, and the sample on the optical axis.
  const float* depth;      // batch × rows × columns.

  const float* rotation;       // batch × 9, row by row.
  const float* offset;         // batch × 3.
  const float* transform_map;  // batch × rows × columns, or null.
  float* vertices;             // batch × rows × columns × 3.

  bool unit_normals;
  const float* ambient;    // batch; null when only normals are wanted.
  const float* diffuse;    // batch.
  const float* direction;  // batch × 3.
  const float* albedo;     // batch × 3 × rows × columns.
  float* normals;          // batch × rows × columns × 3.
  float* shading;          // batch × rows × columns.
  float* image;            // As albedo.
};

/// Rows [first, last) of the batch's rows laid end to end.
LIFTED_DECLARE_ISA(void surface_vertices(const SurfaceParams& p, int64_t first, int64_t last);
                   void shade_surface(const SurfaceParams& p, int64_t first, int64_t last);)

}  // namespace lifted::ops
