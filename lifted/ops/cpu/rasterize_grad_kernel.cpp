#include "lifted/ops/cpu/rasterize_geometry.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

/// dLoss/d(affine weights), and what the perspective division adds to the depths of the corners.
template <typename T>
inline Edges<T> perspective_gradient(const Triangle<T>& t, const Edges<T>& affine, const Edges<T>& w, const Edges<T>& g,
                                     Edges<T>& gz) {
  const T mean = g.e0 * w.e0 + g.e1 * w.e1 + g.e2 * w.e2;
  const T scale = 1 / (affine.e0 / t.v0.z + affine.e1 / t.v1.z + affine.e2 / t.v2.z);
  const Edges<T> gq = {(g.e0 - mean) * scale, (g.e1 - mean) * scale, (g.e2 - mean) * scale};
  gz.e0 -= gq.e0 * affine.e0 / (t.v0.z * t.v0.z);
  gz.e1 -= gq.e1 * affine.e1 / (t.v1.z * t.v1.z);
  gz.e2 -= gq.e2 * affine.e2 / (t.v2.z * t.v2.z);
  return {gq.e0 / t.v0.z, gq.e1 / t.v1.z, gq.e2 / t.v2.z};
}

template <typename T>
struct Gradient2 {
  T x, y;
};

/// dLoss/d(projected corners) from dLoss/d(affine weights): weights are edge functions times `inverse`.
template <typename T>
inline void position_gradient(const Triangle<T>& t, T px, T py, T inverse, const Edges<T>& w, const Edges<T>& g,
                              Gradient2<T> out[3]) {
  const T g0 = g.e0 * inverse, g1 = g.e1 * inverse, g2 = g.e2 * inverse;
  const T ga = -(g.e0 * w.e0 + g.e1 * w.e1 + g.e2 * w.e2) * inverse;
  const Corner<T>&v0 = t.v0, &v1 = t.v1, &v2 = t.v2;
  out[0].x = g1 * (v2.y - py) + g2 * (py - v1.y) + ga * (v2.y - v1.y);
  out[0].y = g1 * (px - v2.x) + g2 * (v1.x - px) + ga * (v1.x - v2.x);
  out[1].x = g0 * (py - v2.y) + g2 * (v0.y - py) + ga * (v0.y - v2.y);
  out[1].y = g0 * (v2.x - px) + g2 * (px - v0.x) + ga * (v2.x - v0.x);
  out[2].x = g0 * (v1.y - py) + g1 * (py - v0.y) + ga * (v1.y - v0.y);
  out[2].y = g0 * (px - v1.x) + g1 * (v0.x - px) + ga * (v0.x - v1.x);
}

/// The vertex rows a call owns, and the first quad row whose triangles touch them.
struct OwnedRows {
  int64_t b, first, last;
};

template <typename T>
inline void add_pixel(const RasterizeParams<T>& p, const OwnedRows& own, int64_t x, int64_t y, int32_t face) {
  const int64_t plane = p.size * p.size, at = y * p.size + x;
  const T inverse_size = 1 / static_cast<T>(p.size);
  const T px = pixel_centre(static_cast<T>(x), inverse_size), py = pixel_centre(static_cast<T>(y), inverse_size);
  const Triangle<T> t = triangle_of_face(p, own.b, face);
  const bool top = t.row >= own.first, bottom = t.row + 1 < own.last;
  const bool owned[3] = {top, bottom, t.lower_right ? bottom : top};
  const Edges<T> e = edges_at(t, px, py);
  const T area = area_of(t.v0, t.v1, t.v2), inverse = inverse_area(e, area);
  const Edges<T> affine = {e.e0 * inverse, e.e1 * inverse, e.e2 * inverse};
  const Edges<T> w = p.perspective_correct ? perspective_weights(affine, t.v0.z, t.v1.z, t.v2.z) : affine;
  const T gd = p.grad_depth[own.b * plane + at];
  Edges<T> g = {gd * t.v0.z, gd * t.v1.z, gd * t.v2.z}, gz = {gd * w.e0, gd * w.e1, gd * w.e2};
  const T* grad_image = p.grad_image + own.b * p.channels * plane + at;
  const CornerOffsets to = offsets_of(t, own.b, p.attribute_stride);
  for (int64_t c = 0; c < p.channels; ++c) {
    const T gi = grad_image[c * plane];
    const T* value = p.attributes + c * p.attribute_stride.channel;
    T* grad = p.grad_attributes + c * p.attribute_stride.channel;
    g.e0 += gi * value[to.v0];
    g.e1 += gi * value[to.v1];
    g.e2 += gi * value[to.v2];
    if (owned[0]) grad[to.v0] += gi * w.e0;
    if (owned[1]) grad[to.v1] += gi * w.e1;
    if (owned[2]) grad[to.v2] += gi * w.e2;
  }
  if (p.perspective_correct) g = perspective_gradient(t, affine, w, g, gz);
  Gradient2<T> gp[3] = {};
  if (!is_sliver(area)) position_gradient(t, px, py, inverse, affine, g, gp);
  const CornerOffsets vertex = offsets_of(t, own.b, {p.rows * p.columns * 3, p.columns * 3, 3, 1});
  const int64_t vertices[3] = {vertex.v0, vertex.v1, vertex.v2};
  const T depths[3] = {gz.e0, gz.e1, gz.e2};
  for (int k = 0; k < 3; ++k) {
    if (!owned[k]) continue;
    T* grad = p.grad_vertices + vertices[k];
    grad[0] += gp[k].x;
    grad[1] += gp[k].y;
    grad[2] += depths[k];
  }
}

/// Turns the gradient of projected x, y (and depth) of a vertex into that of its camera-space position.
template <typename T>
void unproject_gradient(const RasterizeParams<T>& p, const OwnedRows& own) {
  for (int64_t row = own.b * p.rows + own.first; row < own.b * p.rows + own.last; ++row) {
    T* grad = p.grad_vertices + row * p.columns * 3;
    const T* x = p.x + row * p.scratch_columns;
    const T* y = p.y + row * p.scratch_columns;
    const T* z = p.z + row * p.scratch_columns;
    for (int64_t i = 0; i < p.columns; ++i) {
      const T gx = grad[3 * i], gy = grad[3 * i + 1], inverse = 1 / z[i];
      const bool usable = x[i] == x[i];
      grad[3 * i] = usable ? gx * p.focal * inverse : T(0);
      grad[3 * i + 1] = usable ? gy * p.focal * inverse : T(0);
      grad[3 * i + 2] = usable ? grad[3 * i + 2] - (gx * x[i] + gy * y[i]) * inverse : T(0);
    }
  }
}

template <typename T>
void gather_rows(const RasterizeParams<T>& p, const OwnedRows& own) {
  T* grad = p.grad_vertices + (own.b * p.rows + own.first) * p.columns * 3;
  for (int64_t i = 0; i < (own.last - own.first) * p.columns * 3; ++i) grad[i] = 0;
  const int64_t across = p.columns - 1, quads = (p.rows - 1) * across;
  const int64_t first_quad = (own.first - 1) * across, last_quad = own.last * across;
  const int32_t* faces = p.faces + own.b * p.size * p.size;
  for (int64_t y = 0; y < p.size; ++y) {
    for (int64_t x = 0; x < p.size; ++x) {
      const int32_t face = faces[y * p.size + x];
      const int64_t quad = face >= quads ? face - quads : face;
      if (quad < 0 || quad < first_quad || quad >= last_quad) continue;
      add_pixel(p, own, x, y, face);
    }
  }
  unproject_gradient(p, own);
}

}  // namespace

void gather_gradients(const RasterizeParams<float>& p, int64_t b, int64_t first, int64_t last) {
  gather_rows(p, {b, first, last});
}
void gather_gradients(const RasterizeParams<double>& p, int64_t b, int64_t first, int64_t last) {
  gather_rows(p, {b, first, last});
}

}  // namespace lifted::ops::LIFTED_ISA
