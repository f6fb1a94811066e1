// One sample of a depth map: its point, where it moves, its normal and its shading.
#pragma once

#include <cstdint>

#include "lifted/ops/core/host_device.h"

namespace lifted::ops::core {

template <typename T>
struct Vector3 {
  T x, y, z;
};

template <typename T>
LIFTED_HD T dot(const Vector3<T>& a, const Vector3<T>& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

template <typename T>
LIFTED_HD Vector3<T> cross(const Vector3<T>& a, const Vector3<T>& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

/// Where column or row i lies at depth 1. slope: 1 / focal length.
template <typename T>
LIFTED_HD T ray(int32_t i, T principal, T slope) {
  return (static_cast<T>(i) - principal) * slope;
}

/// follow · (R·p + t) + (1 − follow) · p. r: nine, row by row; t: three.
template <typename T>
LIFTED_HD Vector3<T> move(const Vector3<T>& p, const T* r, const T* t, T follow) {
  const T mx = r[0] * p.x + r[1] * p.y + r[2] * p.z + t[0], my = r[3] * p.x + r[4] * p.y + r[5] * p.z + t[1],
          mz = r[6] * p.x + r[7] * p.y + r[8] * p.z + t[2];
  return {follow * mx + (1 - follow) * p.x, follow * my + (1 - follow) * p.y, follow * mz + (1 - follow) * p.z};
}

/// Depths of a sample's neighbours, and where it and they lie at depth 1.
template <typename T>
struct Neighbours {
  T left, right, up, down;  // depths
  T u, u_left, u_right;     // columns
  T v, v_up, v_down;        // rows
};

LIFTED_HD double square_root(double x) {
  return __builtin_sqrt(x);
}
LIFTED_HD float square_root(float x) {
  return __builtin_sqrtf(x);
}

/// (right − left) × (down − up), divided by its length + epsilon.
template <typename T>
LIFTED_HD Vector3<T> normal(const Neighbours<T>& n, T epsilon) {
  const Vector3<T> across = {n.right * n.u_right - n.left * n.u_left, n.right * n.v - n.left * n.v, n.right - n.left};
  const Vector3<T> along = {n.down * n.u - n.up * n.u, n.down * n.v_down - n.up * n.v_up, n.down - n.up};
  const Vector3<T> c = cross(across, along);
  const T square = dot(c, c);
  const T scale = 1 / (square_root(square < T(1e-30) ? T(1e-30) : square) + epsilon);
  return {c.x * scale, c.y * scale, c.z * scale};
}

/// ambient + diffuse · max(0, normal · direction); NaN passes.
template <typename T>
LIFTED_HD T shading(const Vector3<T>& n, T ambient, T diffuse, const T* direction) {
  const T cosine = n.x * direction[0] + n.y * direction[1] + n.z * direction[2];
  return ambient + diffuse * (cosine < 0 ? 0 : cosine);
}

template <typename T>
LIFTED_HD T shade(T albedo, T light) {
  return (albedo / 2 + T(0.5)) * light * 2 - 1;
}

}  // namespace lifted::ops::core
