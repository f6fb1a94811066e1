// Eight rows of eight floats turned over in registers. Include only from *_kernel.cpp.
#pragma once

#include <cstdint>

#pragma GCC diagnostic ignored "-Wpsabi"  // Vectors never cross a translation unit.

namespace lifted::ops::LIFTED_ISA {
namespace {

typedef float Row8 __attribute__((vector_size(32)));
typedef int32_t Order8 __attribute__((vector_size(32)));

/// Every float times `scale`. row(i) → a pointer to eight floats; column(j) → where the j-th of each go.
template <typename From, typename To>
[[gnu::always_inline]] inline void transpose8(float scale, const From& row, const To& column) {
  constexpr Order8 kLow = {0, 8, 1, 9, 4, 12, 5, 13}, kHigh = {2, 10, 3, 11, 6, 14, 7, 15};
  constexpr Order8 kFirstPair = {0, 1, 8, 9, 4, 5, 12, 13}, kLastPair = {2, 3, 10, 11, 6, 7, 14, 15};
  constexpr Order8 kFirstHalf = {0, 1, 2, 3, 8, 9, 10, 11}, kLastHalf = {4, 5, 6, 7, 12, 13, 14, 15};
  Row8 a[8], b[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) __builtin_memcpy(&a[i], row(i), sizeof a[i]), a[i] *= scale;
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 2) {
    b[i] = __builtin_shuffle(a[i], a[i + 1], kLow);
    b[i + 1] = __builtin_shuffle(a[i], a[i + 1], kHigh);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 4) {
    a[i] = __builtin_shuffle(b[i], b[i + 2], kFirstPair);
    a[i + 1] = __builtin_shuffle(b[i], b[i + 2], kLastPair);
    a[i + 2] = __builtin_shuffle(b[i + 1], b[i + 3], kFirstPair);
    a[i + 3] = __builtin_shuffle(b[i + 1], b[i + 3], kLastPair);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 4; ++i) {
    const Row8 first = __builtin_shuffle(a[i], a[i + 4], kFirstHalf),
               last = __builtin_shuffle(a[i], a[i + 4], kLastHalf);
    __builtin_memcpy(column(i), &first, sizeof first);
    __builtin_memcpy(column(i + 4), &last, sizeof last);
  }
}

}  // namespace
}  // namespace lifted::ops::LIFTED_ISA
