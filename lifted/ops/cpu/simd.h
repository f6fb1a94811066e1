// Sixteen floats at a time, whatever the instruction set: in one register, two or four. Include only from *_kernel.cpp.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX2__) || defined(__AVX512F__)
// GCC's own headers pass a deliberately undefined operand to the masked forms, and GCC warns about it wherever they are
// inlined.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#endif

namespace lifted::ops::LIFTED_ISA {

#if defined(__AVX512F__)

struct Floats16 {
  __m512 v;
};
inline Floats16 load(const float* p) {
  return {_mm512_loadu_ps(p)};
}
inline Floats16 broadcast(float x) {
  return {_mm512_set1_ps(x)};
}
inline void store(float* p, Floats16 a) {
  _mm512_storeu_ps(p, a.v);
}
/// a·b + c, rounded once where the instruction set can.
inline Floats16 multiply_add(Floats16 a, Floats16 b, Floats16 c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
inline Floats16 operator+(Floats16 a, Floats16 b) {
  return {_mm512_add_ps(a.v, b.v)};
}
inline Floats16 operator-(Floats16 a, Floats16 b) {
  return {_mm512_sub_ps(a.v, b.v)};
}
inline Floats16 operator*(Floats16 a, Floats16 b) {
  return {_mm512_mul_ps(a.v, b.v)};
}
inline float horizontal_sum(Floats16 a) {
  return _mm512_reduce_add_ps(a.v);
}
/// minimum and maximum: b where either is NaN, as the processor has it. So a value that may be NaN comes second.
inline Floats16 minimum(Floats16 a, Floats16 b) {
  return {_mm512_min_ps(a.v, b.v)};
}
inline Floats16 maximum(Floats16 a, Floats16 b) {
  return {_mm512_max_ps(a.v, b.v)};
}
constexpr int kAccumulators = 24;  // Floats16 values that fit the registers beside what else a loop needs

#elif defined(__AVX2__)

struct Floats16 {
  __m256 lo, hi;
};
inline Floats16 load(const float* p) {
  return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
inline Floats16 broadcast(float x) {
  return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
inline void store(float* p, Floats16 a) {
  _mm256_storeu_ps(p, a.lo), _mm256_storeu_ps(p + 8, a.hi);
}
inline Floats16 multiply_add(Floats16 a, Floats16 b, Floats16 c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
inline Floats16 operator+(Floats16 a, Floats16 b) {
  return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
inline Floats16 operator-(Floats16 a, Floats16 b) {
  return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
inline Floats16 operator*(Floats16 a, Floats16 b) {
  return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
inline Floats16 minimum(Floats16 a, Floats16 b) {
  return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}
inline Floats16 maximum(Floats16 a, Floats16 b) {
  return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}
constexpr int kAccumulators = 6;

#else

struct Floats16 {
  typedef float Quarter __attribute__((vector_size(16)));
  Quarter v[4];
};
template <typename Operation>
inline Floats16 quarterwise(Operation operation) {
  Floats16 r;
  for (int i = 0; i < 4; ++i) r.v[i] = operation(i);
  return r;
}
inline Floats16 load(const float* p) {
  Floats16 r;
  std::memcpy(&r, p, sizeof r);
  return r;
}
inline Floats16 broadcast(float x) {
  return quarterwise([&](int) { return Floats16::Quarter{x, x, x, x}; });
}
inline void store(float* p, Floats16 a) {
  std::memcpy(p, &a, sizeof a);
}
inline Floats16 operator+(Floats16 a, Floats16 b) {
  return quarterwise([&](int i) { return a.v[i] + b.v[i]; });
}
inline Floats16 operator-(Floats16 a, Floats16 b) {
  return quarterwise([&](int i) { return a.v[i] - b.v[i]; });
}
inline Floats16 operator*(Floats16 a, Floats16 b) {
  return quarterwise([&](int i) { return a.v[i] * b.v[i]; });
}
inline Floats16 multiply_add(Floats16 a, Floats16 b, Floats16 c) {
  return a * b + c;
}
inline Floats16 minimum(Floats16 a, Floats16 b) {
  return quarterwise([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
inline Floats16 maximum(Floats16 a, Floats16 b) {
  return quarterwise([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
constexpr int kAccumulators = 2;

#endif

#if !defined(__AVX512F__)
inline float horizontal_sum(Floats16 a) {
  float v[16];
  store(v, a);
  for (int width = 8; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) v[i] += v[i + width];
  }
  return v[0];
}
#endif

constexpr int64_t kLanes16 = 16;
using F16 = Floats16;

/// How many of `wanted` sums in flight fit the registers; even.
constexpr int sums_in_flight(int wanted) {
  return wanted < kAccumulators ? wanted : kAccumulators;
}

/// max(v, 0); NaN stays NaN.
inline Floats16 relu(Floats16 v) {
  return maximum(broadcast(0), v);
}

/// The first `count` (1 to 16) floats of p, zeros behind.
inline Floats16 load_some(const float* p, int64_t count) {
  if (count >= 16) return load(p);
  float padded[16] = {};
  for (int64_t i = 0; i < count; ++i) padded[i] = p[i];
  return load(padded);
}

inline void store_some(float* p, Floats16 a, int64_t count) {
  if (count >= 16) return store(p, a);
  float padded[16];
  store(padded, a);
  for (int64_t i = 0; i < count; ++i) p[i] = padded[i];
}

}  // namespace lifted::ops::LIFTED_ISA
