#include <type_traits>

#include "lifted/ops/cpu/lanes.h"
#include "lifted/ops/cpu/rasterize_geometry.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

/// The vertex rows a call owns, and the first quad row whose triangles touch them.
struct OwnedRows {
  int64_t b, first, last;
};

template <typename T>
using VectorOf = typename Simd<T>::Lanes;
template <typename T>
using MaskOf = typename Simd<T>::Whole;

/// As many pixels as a vector has lanes: what is gathered for them, then what is computed from that for all at once.
template <typename T>
struct PixelBatch {
  static constexpr int kSize = Simd<T>::kLanes;
  int count = 0;
  int64_t at[kSize];                              // in the picture
  int64_t attribute[3][kSize], vertex[3][kSize];  // offsets of the corners
  bool owned[3][kSize];
  // In vectors.
  T px[kSize], py[kSize], corner[9][kSize], grad_depth[kSize], grad_weight[3][kSize];
  std::conditional_t<sizeof(T) == 4, int32_t, int64_t> lower_right[kSize];  // −1 where true
  T weight[3][kSize], grad_corner[9][kSize];
};

template <typename T>
struct Corners {
  Corner<T> v0, v1, v2;
};

/// edges_at() in lanes.
template <typename T, typename V = VectorOf<T>>
inline Edges<V> lane_edges(const Corners<V>& t, MaskOf<T> lower_right, V px, V py) {
  const V ax = lower_right ? t.v1.x : t.v0.x, ay = lower_right ? t.v1.y : t.v0.y;
  const V bx = lower_right ? t.v0.x : t.v1.x, by = lower_right ? t.v0.y : t.v1.y;
  const V along = edge(px, py, ax, ay, bx, by);
  return {edge(px, py, t.v1.x, t.v1.y, t.v2.x, t.v2.y), -edge(px, py, t.v0.x, t.v0.y, t.v2.x, t.v2.y),
          lower_right ? -along : along};
}

/// dLoss/d(affine weights), and what the perspective division adds to the depths of the corners.
template <typename T, typename V = VectorOf<T>>
inline Edges<V> perspective_gradient(const Corners<V>& t, const Edges<V>& affine, const Edges<V>& g, Edges<V>& w,
                                     Edges<V>& gz, V grad_depth) {
  const V i0 = T(1) / t.v0.z, i1 = T(1) / t.v1.z, i2 = T(1) / t.v2.z;
  const V q0 = affine.e0 * i0, q1 = affine.e1 * i1, q2 = affine.e2 * i2, scale = T(1) / (q0 + q1 + q2);
  w = {q0 * scale, q1 * scale, q2 * scale};
  const V mean = g.e0 * w.e0 + g.e1 * w.e1 + g.e2 * w.e2;
  const Edges<V> gq = {(g.e0 - mean) * scale * i0, (g.e1 - mean) * scale * i1, (g.e2 - mean) * scale * i2};
  gz = {grad_depth * w.e0 - gq.e0 * q0, grad_depth * w.e1 - gq.e1 * q1, grad_depth * w.e2 - gq.e2 * q2};
  return gq;
}

template <typename T>
inline void store_lanes(T* to, VectorOf<T> v) {
  __builtin_memcpy(to, &v, sizeof v);
}

/// dLoss/d(projected corners) from dLoss/d(affine weights): weights are edge functions times `inverse`.
template <typename T, typename V = VectorOf<T>>
inline void position_gradient(const Corners<V>& t, V px, V py, V inverse, const Edges<V>& w, const Edges<V>& g,
                              MaskOf<T> sliver, T (*out)[PixelBatch<T>::kSize]) {
  const V g0 = g.e0 * inverse, g1 = g.e1 * inverse, g2 = g.e2 * inverse;
  const V ga = -(g.e0 * w.e0 + g.e1 * w.e1 + g.e2 * w.e2) * inverse;
  const Corner<V>&v0 = t.v0, &v1 = t.v1, &v2 = t.v2;
  const V flat[6] = {g1 * (v2.y - py) + g2 * (py - v1.y) + ga * (v2.y - v1.y),
                     g1 * (px - v2.x) + g2 * (v1.x - px) + ga * (v1.x - v2.x),
                     g0 * (py - v2.y) + g2 * (v0.y - py) + ga * (v0.y - v2.y),
                     g0 * (v2.x - px) + g2 * (px - v0.x) + ga * (v2.x - v0.x),
                     g0 * (v1.y - py) + g1 * (py - v0.y) + ga * (v1.y - v0.y),
                     g0 * (px - v1.x) + g1 * (v0.x - px) + ga * (v0.x - v1.x)};
  for (int k = 0; k < 6; ++k) store_lanes(out[k / 2 * 3 + k % 2], sliver ? V{} : flat[k]);
}

/// Everything between what is gathered and what is scattered.
template <typename T>
inline void differentiate(const RasterizeParams<T>& p, PixelBatch<T>& batch) {
  using V = VectorOf<T>;
  const auto corner = [&](int k) {
    return Corner<V>{load(batch.corner[3 * k]), load(batch.corner[3 * k + 1]), load(batch.corner[3 * k + 2])};
  };
  const Corners<V> t = {corner(0), corner(1), corner(2)};
  MaskOf<T> lower_right;
  __builtin_memcpy(&lower_right, batch.lower_right, sizeof lower_right);
  const V px = load(batch.px), py = load(batch.py), depth = load(batch.grad_depth);
  const Edges<V> e = lane_edges<T>(t, lower_right, px, py);
  const V area = area_of(t.v0, t.v1, t.v2);
  const MaskOf<T> sliver = !(area > T(kAreaEpsilon) || area < T(-10 * kAreaEpsilon));
  const V divisor = sliver ? e.e0 + e.e1 + e.e2 : area + T(kAreaEpsilon);
  const V inverse = divisor == T(0) ? V{} : T(1) / divisor;
  const Edges<V> affine = {e.e0 * inverse, e.e1 * inverse, e.e2 * inverse};
  Edges<V> g = {load(batch.grad_weight[0]) + depth * t.v0.z, load(batch.grad_weight[1]) + depth * t.v1.z,
                load(batch.grad_weight[2]) + depth * t.v2.z};
  Edges<V> w = affine, gz = {depth * w.e0, depth * w.e1, depth * w.e2};
  if (p.perspective_correct) g = perspective_gradient<T>(t, affine, g, w, gz, depth);
  position_gradient<T>(t, px, py, inverse, affine, g, sliver, batch.grad_corner);
  const V weights[3] = {w.e0, w.e1, w.e2}, depths[3] = {gz.e0, gz.e1, gz.e2};
  for (int k = 0; k < 3; ++k) {
    store_lanes(batch.weight[k], weights[k]);
    store_lanes(batch.grad_corner[3 * k + 2], depths[k]);
  }
}

/// Adds lane l's gradients to the owned corners. Channels: their number, or 0 for p.channels.
template <int Channels, typename T>
inline void scatter(const RasterizeParams<T>& p, const OwnedRows& own, const PixelBatch<T>& batch, int l) {
  const int64_t plane = p.size * p.size, channels = Channels ? Channels : p.channels;
  const T* grad_image = p.grad_image + own.b * channels * plane + batch.at[l];
#pragma GCC unroll 3
  for (int k = 0; k < 3; ++k) {
    if (!batch.owned[k][l]) continue;
    T *grad = p.grad_attributes + batch.attribute[k][l], *vertex = p.grad_vertices + batch.vertex[k][l];
    const T weight = batch.weight[k][l];
    for (int64_t c = 0; c < channels; ++c) grad[c * p.attribute_stride.channel] += grad_image[c * plane] * weight;
    for (int axis = 0; axis < 3; ++axis) vertex[axis] += batch.grad_corner[3 * k + axis][l];
  }
}

template <int Channels, typename T>
void flush(const RasterizeParams<T>& p, const OwnedRows& own, PixelBatch<T>& batch) {
  differentiate(p, batch);
  for (int l = 0; l < batch.count; ++l) scatter<Channels>(p, own, batch, l);
  batch.count = 0;
}

/// Offsets of a triangle's corners, top left at `at`. No branch: which half of a quad a pixel lies in is hard to guess.
inline void corner_offsets(int64_t at, int64_t row, int64_t column, int64_t lower_right, int64_t to[3]) {
  to[0] = at + lower_right * column;
  to[1] = at + row;
  to[2] = at + column + lower_right * row;
}

template <int Channels, typename T>
inline void gather(const RasterizeParams<T>& p, const OwnedRows& own, int64_t x, int64_t y, int32_t face,
                   PixelBatch<T>& batch) {
  const int l = batch.count++;
  const int32_t across = static_cast<int32_t>(p.columns - 1), quads = static_cast<int32_t>(p.rows - 1) * across;
  const int64_t lower_right = face >= quads, quad = face - lower_right * quads;
  const int64_t row = static_cast<int32_t>(quad) / across, column = quad - row * across;
  const int64_t channels = Channels ? Channels : p.channels, plane = p.size * p.size, at = y * p.size + x;
  const T inverse_size = 1 / static_cast<T>(p.size);
  const GridStrides& stride = p.attribute_stride;
  int64_t corner[3], attribute[3], vertex[3];
  corner_offsets((own.b * p.rows + row) * p.scratch_columns + column, p.scratch_columns, 1, lower_right, corner);
  corner_offsets(own.b * stride.batch + row * stride.row + column * stride.column, stride.row, stride.column,
                 lower_right, attribute);
  corner_offsets(((own.b * p.rows + row) * p.columns + column) * 3, p.columns * 3, 3, lower_right, vertex);
  const bool top = row >= own.first, bottom = row + 1 < own.last;
  const bool owned[3] = {top, bottom, lower_right != 0 ? bottom : top};
  batch.at[l] = at;
  batch.px[l] = pixel_centre(static_cast<T>(x), inverse_size);
  batch.py[l] = pixel_centre(static_cast<T>(y), inverse_size);
  batch.lower_right[l] = -static_cast<int>(lower_right);
  batch.grad_depth[l] = p.grad_depth[own.b * plane + at];
  const T* grad_image = p.grad_image + own.b * channels * plane + at;
#pragma GCC unroll 3
  for (int k = 0; k < 3; ++k) {
    batch.corner[3 * k][l] = p.x[corner[k]], batch.corner[3 * k + 1][l] = p.y[corner[k]];
    batch.corner[3 * k + 2][l] = p.z[corner[k]];
    batch.attribute[k][l] = attribute[k], batch.vertex[k][l] = vertex[k], batch.owned[k][l] = owned[k];
    T grad = 0;
    for (int64_t c = 0; c < channels; ++c)
      grad += grad_image[c * plane] * p.attributes[attribute[k] + c * stride.channel];
    batch.grad_weight[k][l] = grad;
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

template <int Channels, typename T>
void gather_rows(const RasterizeParams<T>& p, const OwnedRows& own) {
  T* grad = p.grad_vertices + (own.b * p.rows + own.first) * p.columns * 3;
  for (int64_t i = 0; i < (own.last - own.first) * p.columns * 3; ++i) grad[i] = 0;
  const int64_t across = p.columns - 1, quads = (p.rows - 1) * across;
  const int64_t first_quad = (own.first - 1) * across, last_quad = own.last * across;
  const int32_t* faces = p.faces + own.b * p.size * p.size;
  PixelBatch<T> batch = {};
  for (int64_t y = 0; y < p.size; ++y) {
    for (int64_t x = 0; x < p.size; ++x) {
      const int32_t face = faces[y * p.size + x];
      const int64_t quad = face >= quads ? face - quads : face;
      if (quad < 0 || quad < first_quad || quad >= last_quad) continue;
      gather<Channels>(p, own, x, y, face, batch);
      if (batch.count == batch.kSize) flush<Channels>(p, own, batch);
    }
  }
  flush<Channels>(p, own, batch);
  unproject_gradient(p, own);
}

}  // namespace

void gather_gradients(const RasterizeParams<float>& p, int64_t b, int64_t first, int64_t last) {
  p.channels == 3 ? gather_rows<3>(p, {b, first, last}) : gather_rows<0>(p, {b, first, last});
}
void gather_gradients(const RasterizeParams<double>& p, int64_t b, int64_t first, int64_t last) {
  p.channels == 3 ? gather_rows<3>(p, {b, first, last}) : gather_rows<0>(p, {b, first, last});
}

}  // namespace lifted::ops::LIFTED_ISA
