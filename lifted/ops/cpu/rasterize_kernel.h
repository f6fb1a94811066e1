// Inner loops of the grid-mesh rasterizer, without torch: project, cover and resolve (forward), gather (backward).
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

/// Quads handled together; scratch rows are padded so that a whole chunk can always be read.
inline constexpr int64_t kRasterizeChunk = 16;

/// Element strides of a (batch, row, column, channel) array.
struct GridStrides {
  int64_t batch = 0, row = 0, column = 0, channel = 0;
};

/// Everything the kernels read and write. Always created as `RasterizeParams<T> p = {}`.
template <typename T>
struct RasterizeParams {
  int64_t batch, rows, columns, channels;  // The vertex grid and the number of attributes per vertex.
  int64_t size;                            // Image side in pixels.
  T focal;                                 // Projected x = focal · X / Z, −1 … 1 across the image.
  bool perspective_correct;                // Divide the barycentrics by depth.

  const T* vertices;             // batch × rows × columns × 3, camera space.
  const T* attributes;           // Values interpolated over the mesh.
  GridStrides attribute_stride;  // Layout of attributes and grad_attributes.

  int64_t scratch_columns;  // Row length of the projected arrays: columns rounded up to chunks, plus one chunk.
  T* x;                     // Projected vertices, batch × rows × scratch_columns; NaN where unusable.
  T* y;
  T* z;       // Depth of each vertex.
  T* bounds;  // batch × rows × chunks × 2: lowest and highest image row touched by a chunk's vertices.

  const T* background;  // One value per channel.
  T background_depth;   // Depth of pixels that show no triangle.
  T* image;             // batch × channels × size × size.
  T* depth;             // batch × size × size.
  int32_t* faces;       // batch × size × size: the visible triangle, −1 for none.

  const T* grad_image;  // As image.
  const T* grad_depth;  // As depth.
  T* grad_vertices;     // As vertices.
  T* grad_attributes;   // As attributes; zero on entry.
};

inline int64_t rasterize_chunks(int64_t columns) {
  return (columns - 1 + kRasterizeChunk - 1) / kRasterizeChunk;
}

/// Stage 1: fills x, y, z and bounds for vertex rows [first, last) of the batch's rows laid end to end.
LIFTED_DECLARE_ISA(void project_rows(const RasterizeParams<float>& p, int64_t first, int64_t last);
                   void project_rows(const RasterizeParams<double>& p, int64_t first, int64_t last);)
/// Stage 2: image rows [first, last) of image b. Rows depend on nothing but stage 1, so any partition gives the same
/// bits.
LIFTED_DECLARE_ISA(void rasterize_rows(const RasterizeParams<float>& p, int64_t b, int64_t first, int64_t last);
                   void rasterize_rows(const RasterizeParams<double>& p, int64_t b, int64_t first, int64_t last);)
/// Backward: gradients of vertex rows [first, last) of image b. Each vertex sums its pixels in raster order, so any
/// partition gives the same bits.
LIFTED_DECLARE_ISA(void gather_gradients(const RasterizeParams<float>& p, int64_t b, int64_t first, int64_t last);
                   void gather_gradients(const RasterizeParams<double>& p, int64_t b, int64_t first, int64_t last);)

}  // namespace lifted::ops
