// Short vectors as wide as the instruction set's registers, for kernels compiled once per instruction set. They are the
// compiler's vector extension: +, <, ?: and so on work on all lanes, and each lane computes exactly what a scalar
// would.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#pragma GCC diagnostic ignored "-Wpsabi"  // Vectors never cross a translation unit.

namespace lifted::ops::LIFTED_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

template <typename T>
struct Simd;
template <>
struct Simd<float> {
  typedef float Lanes __attribute__((vector_size(kVectorBytes)));
  typedef int32_t Whole __attribute__((vector_size(kVectorBytes)));  // Integers, and masks: −1 where true.
  static constexpr int kLanes = kVectorBytes / 4;
};
template <>
struct Simd<double> {
  typedef double Lanes __attribute__((vector_size(kVectorBytes)));
  typedef int64_t Whole __attribute__((vector_size(kVectorBytes)));
  static constexpr int kLanes = kVectorBytes / 8;
};

template <typename T>
inline typename Simd<T>::Lanes load(const T* from) {
  typename Simd<T>::Lanes result;
  __builtin_memcpy(&result, from, sizeof result);
  return result;
}

template <typename T>
inline typename Simd<T>::Lanes broadcast(T value) {
  return typename Simd<T>::Lanes{} + value;
}

/// Bit l is set where lane l of the mask is true.
template <typename T>
inline uint32_t bits_of(typename Simd<T>::Whole mask) {
#if defined(__AVX512DQ__)
  if constexpr (sizeof(T) == 4) return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask));
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return static_cast<uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(mask)));
#elif defined(__SSE2__)
  if constexpr (sizeof(T) == 4) return static_cast<uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(mask)));
#endif
  uint32_t bits = 0;
  for (int l = 0; l < Simd<T>::kLanes; ++l) bits |= static_cast<uint32_t>(mask[l] & 1) << l;
  return bits;
}

}  // namespace
}  // namespace lifted::ops::LIFTED_ISA
