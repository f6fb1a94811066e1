// Small mathematics for the painting kernels: branch-free, so that loops over points vectorize, and built only from
// operations that IEEE 754 rounds exactly, so that every instruction set and C library gives the same bytes.
#pragma once

#include <cstdint>
#include <cstring>

// Compiled once per instruction set, these must never be shared as out-of-line functions between the copies.
#define LIFTED_INLINE inline __attribute__((always_inline))

namespace lifted::data::heads {

LIFTED_INLINE float min_of(float a, float b) {
  return a < b ? a : b;
}
LIFTED_INLINE float max_of(float a, float b) {
  return a > b ? a : b;
}
LIFTED_INLINE float clamp(float x, float low, float high) {
  return min_of(max_of(x, low), high);
}
LIFTED_INLINE float clamp01(float x) {
  return clamp(x, 0.0f, 1.0f);
}
LIFTED_INLINE float absolute(float x) {
  return x < 0 ? -x : x;
}
LIFTED_INLINE float square(float x) {
  return x * x;
}
LIFTED_INLINE float mix(float a, float b, float t) {
  return a * (1 - t) + b * t;
}

/// Cubic step from 0 at `a` to 1 at `b`; a > b gives the falling edge.
LIFTED_INLINE float smoothstep(float a, float b, float x) {
  const float t = clamp01((x - a) / (b - a));
  return t * t * (3 - 2 * t);
}

/// Largest integer not above x, for |x| < 2^31.
LIFTED_INLINE int32_t floor_to_int(float x) {
  const int32_t i = static_cast<int32_t>(x);
  return i - (static_cast<float>(i) > x ? 1 : 0);
}

LIFTED_INLINE float float_from_bits(int32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
LIFTED_INLINE int32_t bits_of(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// e^x, relative error below 3e-7; 0 is returned as about 1e-38 for very negative x.
LIFTED_INLINE float exponential(float x) {
  x = clamp(x, -87.0f, 87.0f);
  const int32_t n = floor_to_int(x * 1.44269504f + 0.5f);
  const float k = static_cast<float>(n);
  const float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
  float p = 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r * r + r + 1;
  return p * float_from_bits((n + 127) << 23);
}

/// ln x for normal x > 0, absolute error below 2e-7.
LIFTED_INLINE float logarithm(float x) {
  int32_t bits = bits_of(x);
  const int32_t exponent = ((bits - 0x3f3504f3) >> 23);
  bits -= exponent << 23;
  const float m = float_from_bits(bits);  // in [0.707, 1.414)
  const float s = (m - 1) / (m + 1), s2 = s * s;
  const float series = 2 * s * (1 + s2 * (1.0f / 3 + s2 * (0.2f + s2 * (1.0f / 7 + s2 / 9))));
  return static_cast<float>(exponent) * 0.693147181f + series;
}

/// x^y for x > 0.
LIFTED_INLINE float power(float x, float y) {
  return exponential(y * logarithm(x));
}

/// exp(-((x-cx)/sx)² - ((y-cy)/sy)²), the recipe's G.
LIFTED_INLINE float gaussian2(float dx, float dy, float sx, float sy) {
  return exponential(-square(dx / sx) - square(dy / sy));
}
LIFTED_INLINE float gaussian1(float d, float sigma) {
  return exponential(-square(d / sigma));
}

/// sin x, absolute error below 1e-6 for |x| < 1000.
LIFTED_INLINE float sine(float x) {
  const int32_t n = floor_to_int(x * 0.318309886f + 0.5f);
  const float k = static_cast<float>(n);
  const float r = ((x - k * 3.140625f) - k * 9.67502593994140625e-4f) - k * 1.509957990978376e-7f;
  const float r2 = r * r;
  const float p =
      r * (1 + r2 * (-1.0f / 6 + r2 * (1.0f / 120 + r2 * (-1.0f / 5040 + r2 * (1.0f / 362880 - r2 / 39916800)))));
  return (n & 1) ? -p : p;
}
LIFTED_INLINE float cosine(float x) {
  return sine(x + 1.57079633f);
}

/// arctan(y/x) in the right quadrant, absolute error below 2e-5.
LIFTED_INLINE float arctangent2(float y, float x) {
  const float ax = absolute(x), ay = absolute(y);
  const float t = min_of(ax, ay) / max_of(max_of(ax, ay), 1e-30f), t2 = t * t;
  float p = -0.0117212f;
  p = p * t2 + 0.05265332f;
  p = p * t2 - 0.11643287f;
  p = p * t2 + 0.19354346f;
  p = p * t2 - 0.33262347f;
  p = p * t2 + 0.99997726f;
  p *= t;
  p = ay > ax ? 1.57079633f - p : p;
  p = x < 0 ? 3.14159265f - p : p;
  return y < 0 ? -p : p;
}

LIFTED_INLINE float square_root(float x) {
  return __builtin_sqrtf(x);
}
LIFTED_INLINE float arccosine(float x) {
  return arctangent2(square_root(max_of(1 - x * x, 0.0f)), x);
}
LIFTED_INLINE float arcsine(float x) {
  return arctangent2(x, square_root(max_of(1 - x * x, 0.0f)));
}

/// Piecewise linear through N knots with increasing x, constant outside, without a branch.
template <int N>
LIFTED_INLINE float interpolate(float x, const float (&xs)[N], const float (&ys)[N]) {
  float y = ys[0];
  for (int i = 0; i + 1 < N; ++i) y += (ys[i + 1] - ys[i]) * clamp01((x - xs[i]) / (xs[i + 1] - xs[i]));
  return y;
}

struct Vec3 {
  float x = 0, y = 0, z = 0;
};
LIFTED_INLINE Vec3 operator+(Vec3 a, Vec3 b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
LIFTED_INLINE Vec3 operator-(Vec3 a, Vec3 b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
LIFTED_INLINE Vec3 operator*(Vec3 a, float k) {
  return {a.x * k, a.y * k, a.z * k};
}
LIFTED_INLINE float dot(Vec3 a, Vec3 b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
LIFTED_INLINE Vec3 cross(Vec3 a, Vec3 b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
LIFTED_INLINE float length(Vec3 a) {
  return square_root(dot(a, a));
}
LIFTED_INLINE Vec3 normalized(Vec3 a) {
  return a * (1.0f / max_of(length(a), 1e-12f));
}
LIFTED_INLINE Vec3 mix(Vec3 a, Vec3 b, float t) {
  return a * (1 - t) + b * t;
}

/// A color is three numbers in display (sRGB-coded) space, 0..1.
using Color = Vec3;
LIFTED_INLINE Color clamp01(Color c) {
  return {clamp01(c.x), clamp01(c.y), clamp01(c.z)};
}
LIFTED_INLINE float brightness(Color c) {
  return (c.x + c.y + c.z) / 3;
}

}  // namespace lifted::data::heads
