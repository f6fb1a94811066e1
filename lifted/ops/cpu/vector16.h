// Sixteen floats at a time, for kernels without torch. The compiler splits a Vector16 where the instruction set is
// narrower.
#pragma once

#include <cstdint>
#include <cstring>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

// The helpers are always inlined, so how a wide vector would be passed on narrower processors does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace lifted::ops::LIFTED_ISA {

typedef float Vector16 __attribute__((vector_size(64)));
constexpr int64_t kLanes = 16;

[[gnu::always_inline]] inline Vector16 load16(const float* from) {
  Vector16 v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

[[gnu::always_inline]] inline void store16(float* to, Vector16 v) {
  std::memcpy(to, &v, sizeof v);
}

[[gnu::always_inline]] inline Vector16 fill16(float value) {
  return Vector16{} + value;
}

/// a·b + c, rounded once where the processor can.
[[gnu::always_inline]] inline Vector16 multiply_add(Vector16 a, Vector16 b, Vector16 c) {
#if defined(__AVX512F__)
  return (Vector16)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#else
  return a * b + c;
#endif
}

/// max(v, 0); NaN stays NaN. The order of the comparison makes it one instruction on x86.
[[gnu::always_inline]] inline Vector16 relu16(Vector16 v) {
  return Vector16{} > v ? Vector16{} : v;
}

/// The sum of the lanes, always added in the same order.
[[gnu::always_inline]] inline float sum16(Vector16 v) {
  float lanes[kLanes];
  store16(lanes, v);
  for (int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (int64_t i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

}  // namespace lifted::ops::LIFTED_ISA
