// Derivatives of what a pixel shows with respect to its triangle's corners.
#pragma once

#include "lifted/ops/core/triangle.h"

namespace lifted::ops::core {

/// d loss / d (projected x, y and depth) of v0, v1 and v2.
template <typename T>
struct CornerGradients {
  T x[3], y[3], z[3];
};

/// d loss / d affine weights from those of the weights after the division by depth; adds to the corners' depths.
template <typename T>
LIFTED_HD Edges<T> undivide(const Triangle<T>& t, const Barycentrics<T>& b, const Edges<T>& g,
                            CornerGradients<T>& out) {
  const T mean = weighted(g, b.weights.e0, b.weights.e1, b.weights.e2);
  const T scale = 1 / (b.affine.e0 / t.v0.z + b.affine.e1 / t.v1.z + b.affine.e2 / t.v2.z);
  const Edges<T> q = {(g.e0 - mean) * scale, (g.e1 - mean) * scale, (g.e2 - mean) * scale};
  out.z[0] -= q.e0 * b.affine.e0 / (t.v0.z * t.v0.z);
  out.z[1] -= q.e1 * b.affine.e1 / (t.v1.z * t.v1.z);
  out.z[2] -= q.e2 * b.affine.e2 / (t.v2.z * t.v2.z);
  return {q.e0 / t.v0.z, q.e1 / t.v1.z, q.e2 / t.v2.z};
}

/// d loss / d projected positions from d loss / d affine weights, which are edge functions times b.inverse.
template <typename T>
LIFTED_HD void move_corners(const Triangle<T>& t, const Barycentrics<T>& b, T px, T py, const Edges<T>& g,
                            CornerGradients<T>& out) {
  const T g0 = g.e0 * b.inverse, g1 = g.e1 * b.inverse, g2 = g.e2 * b.inverse;
  const T ga = -weighted(g, b.affine.e0, b.affine.e1, b.affine.e2) * b.inverse;
  const Corner<T>&v0 = t.v0, &v1 = t.v1, &v2 = t.v2;
  out.x[0] = g1 * (v2.y - py) + g2 * (py - v1.y) + ga * (v2.y - v1.y);
  out.y[0] = g1 * (px - v2.x) + g2 * (v1.x - px) + ga * (v1.x - v2.x);
  out.x[1] = g0 * (py - v2.y) + g2 * (v0.y - py) + ga * (v0.y - v2.y);
  out.y[1] = g0 * (v2.x - px) + g2 * (px - v0.x) + ga * (v2.x - v0.x);
  out.x[2] = g0 * (v1.y - py) + g1 * (py - v0.y) + ga * (v1.y - v0.y);
  out.y[2] = g0 * (px - v1.x) + g1 * (v0.x - px) + ga * (v0.x - v1.x);
}

/// of_weights: d loss / d weights, by way of the interpolated values and of the depth; of_depth: d loss / d depth of
/// the pixel.
template <typename T>
LIFTED_HD CornerGradients<T> corner_gradients(const Triangle<T>& t, const Barycentrics<T>& b, T px, T py,
                                              const Edges<T>& of_weights, T of_depth, bool perspective_correct) {
  const Edges<T>& w = b.weights;
  CornerGradients<T> out = {{0, 0, 0}, {0, 0, 0}, {of_depth * w.e0, of_depth * w.e1, of_depth * w.e2}};
  const Edges<T> g = perspective_correct ? undivide(t, b, of_weights, out) : of_weights;
  if (!is_sliver(b.area)) move_corners(t, b, px, py, g, out);
  return out;
}

/// From the gradient of a vertex's projected x, y and its depth to that of its camera-space position. Nothing reaches a
/// vertex that cannot be drawn.
template <typename T>
LIFTED_HD void unproject_gradient(const Corner<T>& vertex, T focal, T gx, T gy, T gz, T out[3]) {
  const T inverse = 1 / vertex.z;
  const bool usable = vertex.x == vertex.x;
  out[0] = usable ? gx * focal * inverse : T(0);
  out[1] = usable ? gy * focal * inverse : T(0);
  out[2] = usable ? gz - (gx * vertex.x + gy * vertex.y) * inverse : T(0);
}

}  // namespace lifted::ops::core
