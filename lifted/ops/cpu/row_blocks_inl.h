// How a product covers its rows with register tiles. Include only from *_kernel.cpp.
#pragma once

#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

/// Rows at a time: all registers' worth of sums, and no more pointers than there are registers.
constexpr int kMostRows = kAccumulators >= 12 ? 12 : kAccumulators;

template <int R = kMostRows, typename F>
[[gnu::always_inline]] inline void row_block(int rows, const F& f) {
  if constexpr (R > 1) {
    if (rows < R) return row_block<R - 1>(rows, f);
  }
  f.template operator()<R>();
}

/// f<R>(row) over all rows in blocks of R, as even as they come: 5 + 5 rather than 6 + 4.
template <typename F>
[[gnu::always_inline]] inline void for_row_blocks(int64_t rows, const F& f) {
  for (int64_t row = 0; row < rows;) {
    const int64_t left = rows - row, blocks = (left + kMostRows - 1) / kMostRows;
    const int width = static_cast<int>((left + blocks - 1) / blocks);
    row_block(width, [&]<int R>() { f.template operator()<R>(row); });
    row += width;
  }
}

}  // namespace
}  // namespace lifted::ops::LIFTED_ISA
