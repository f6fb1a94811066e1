// Eight rows of eight floats turned over in registers. Include only from *_kernel.cpp.
#pragma once

#pragma GCC diagnostic ignored "-Wpsabi"  // Vectors never cross a translation unit.

namespace lifted::ops::LIFTED_ISA {
namespace {

typedef float Row8 __attribute__((vector_size(32)));

/// Eight of the sixteen floats of a and b, by number.
template <int... Numbers>
[[gnu::always_inline]] inline Row8 picked(Row8 a, Row8 b) {
  return __builtin_shufflevector(a, b, Numbers...);
}

/// Every float times `scale`. row(i) → a pointer to eight floats; column(j) → where the j-th of each go.
template <typename From, typename To>
[[gnu::always_inline]] inline void transpose8(float scale, const From& row, const To& column) {
  Row8 a[8], b[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) __builtin_memcpy(&a[i], row(i), sizeof a[i]), a[i] *= scale;
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 2) {
    b[i] = picked<0, 8, 1, 9, 4, 12, 5, 13>(a[i], a[i + 1]);
    b[i + 1] = picked<2, 10, 3, 11, 6, 14, 7, 15>(a[i], a[i + 1]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 4) {
    a[i] = picked<0, 1, 8, 9, 4, 5, 12, 13>(b[i], b[i + 2]);
    a[i + 1] = picked<2, 3, 10, 11, 6, 7, 14, 15>(b[i], b[i + 2]);
    a[i + 2] = picked<0, 1, 8, 9, 4, 5, 12, 13>(b[i + 1], b[i + 3]);
    a[i + 3] = picked<2, 3, 10, 11, 6, 7, 14, 15>(b[i + 1], b[i + 3]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 4; ++i) {
    const Row8 first = picked<0, 1, 2, 3, 8, 9, 10, 11>(a[i], a[i + 4]),
               last = picked<4, 5, 6, 7, 12, 13, 14, 15>(a[i], a[i + 4]);
    __builtin_memcpy(column(i), &first, sizeof first);
    __builtin_memcpy(column(i + 4), &last, sizeof last);
  }
}

}  // namespace
}  // namespace lifted::ops::LIFTED_ISA
