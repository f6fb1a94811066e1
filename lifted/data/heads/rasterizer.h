// Z-buffer visibility of small triangles. Watertight: a pixel center on a shared edge belongs to one of the two
// triangles.
#pragma once

#include <cstdint>
#include <vector>

#include "lifted/data/heads/face_model.h"
#include "lifted/ops/cpu/isa.h"

namespace lifted::data::heads {

/// Vertices in pixels (pixel centers at .5) with 1/z, positive.
struct ScreenVertex {
  float x, y, inverse_z;
};

/// The nearest triangle per pixel, -1 = none, and its 1/z there.
struct VisibilityBuffer {
  int width, height;
  std::vector<float> inverse_z;
  std::vector<int32_t> triangle;

  VisibilityBuffer(int w, int h)
      : width(w), height(h), inverse_z(static_cast<size_t>(w) * h, 0.0f), triangle(static_cast<size_t>(w) * h, -1) {}
};

struct RasterJob {
  const ScreenVertex* vertices;
  const Triangle* triangles;
  int64_t count;
  int32_t first_id;  ///< id of triangles[0]
  int width, height;
  float* inverse_z;
  int32_t* triangle;
};

/// Twice the signed area of the triangle (a, b, p): negated exactly when a and b change places.
LIFTED_INLINE float edge_function(const ScreenVertex& a, const ScreenVertex& b, float px, float py) {
  return (a.x - px) * (b.y - py) - (a.y - py) * (b.x - px);
}

LIFTED_DECLARE_ISA(void rasterize(const RasterJob& job);)

/// Draws `triangles` into the buffer with ids from `first_id` on.
void rasterize_into(VisibilityBuffer& buffer, const std::vector<ScreenVertex>& vertices,
                    const std::vector<Triangle>& triangles, int32_t first_id);

}  // namespace lifted::data::heads
