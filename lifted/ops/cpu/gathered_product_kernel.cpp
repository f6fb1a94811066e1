#include "lifted/ops/cpu/gathered_product_kernel.h"

#include <algorithm>

#include "lifted/ops/cpu/row_blocks_inl.h"
#include "lifted/ops/cpu/simd.h"
#include "lifted/ops/cpu/transpose_inl.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

constexpr int64_t kBlockDepth = 256;  // a panel of b in half of a first-level cache

/// Part of the sum: taps [first_tap, last_tap), of each the factors [first, last).
struct DepthBlock {
  int64_t first_tap, last_tap, first, last;
  bool is_first, is_last;
};

F16 not_negative(F16 v) {
  return maximum(broadcast(0), v);  // NaN stays NaN
}

template <int R>
void product_block(const GatheredProduct& p, const DepthBlock& d, int64_t row, int64_t panel) {
  const int64_t columns = std::min<int64_t>(16, p.columns - panel * 16);
  const float* b = p.b + ((panel * p.taps + d.first_tap) * p.depth + d.first) * 16;
  F16 sums[R];
  const F16 start = d.is_first && p.bias ? load(p.bias + panel * 16) : broadcast(0);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) sums[r] = d.is_first ? start : load_some(p.c[row + r] + panel * 16, columns);
  for (int64_t tap = d.first_tap; tap < d.last_tap; ++tap) {
    const float* a[R];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) a[r] = p.a[tap * p.rows + row + r];
    for (int64_t k = d.first; k < d.last; ++k, b += 16) {
      const F16 right = load(b);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) sums[r] = multiply_add(broadcast(a[r][k]), right, sums[r]);
    }
  }
  const bool relu = d.is_last && panel * 16 < p.relu_columns;
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) store_some(p.c[row + r] + panel * 16, relu ? not_negative(sums[r]) : sums[r], columns);
}

/// f on the parts of the sum, in order: several short taps together, or a long one in pieces.
template <typename F>
void for_depth_blocks(const GatheredProduct& p, const F& f) {
  if (p.taps == 0) return f(DepthBlock{0, 0, 0, 0, true, true});  // nothing to add
  if (p.depth <= kBlockDepth) {
    const int64_t together = std::max<int64_t>(1, kBlockDepth / p.depth);
    for (int64_t tap = 0; tap < p.taps; tap += together) {
      f(DepthBlock{tap, std::min(tap + together, p.taps), 0, p.depth, tap == 0, tap + together >= p.taps});
    }
    return;
  }
  for (int64_t tap = 0; tap < p.taps; ++tap) {
    for (int64_t k = 0; k < p.depth; k += kBlockDepth) {
      const int64_t end = std::min(k + kBlockDepth, p.depth);
      f(DepthBlock{tap, tap + 1, k, end, tap == 0 && k == 0, tap + 1 == p.taps && end == p.depth});
    }
  }
}

void pack_panel(const PanelPacking& p, int64_t panel) {
  const int64_t columns = std::min<int64_t>(16, p.columns - panel * 16);
  float* to = p.to + panel * p.depth * 16;
  for (int64_t k = 0; k < p.depth; ++k) store(to + k * 16, load_some(p.from[k] + panel * 16, columns));
}

template <int R>
void outer_block(const GatheredOuterProduct& p, const float* a, const float* b, float* c) {
  F16 sums[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) sums[r] = load(c + r * p.sum_row);
  for (int64_t k = 0; k < p.depth; ++k, a += 16, b += 16) {
    const F16 right = load(b);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) sums[r] = multiply_add(broadcast(a[r]), right, sums[r]);
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) store(c + r * p.sum_row, sums[r]);
}

/// Whether the taps of an input follow one another, and the inputs too: rows of in·taps floats for every output.
bool in_rows(const FilterPacking& p) {
  bool in_order = p.in_stride == p.taps;
  for (int64_t tap = 0; tap < p.taps; ++tap) in_order = in_order && p.offsets[tap] == tap;
  return in_order;
}

/// The place of number j of such a row among [tap][input].
int64_t tap_first(int64_t j, int64_t taps, int64_t in) {
  return j % taps * in + j / taps;
}

/// Sixteen outputs from number `first` of their rows on; returns where it stopped.
int64_t pack_rows(const FilterPacking& p, const float* from, float* to) {
  int64_t j = 0;
  for (; j + 8 <= p.in * p.taps; j += 8) {
    for (int64_t half = 0; half < 16; half += 8) {
      transpose8(
          p.scale, [&](int row) { return from + (half + row) * p.out_stride + j; },
          [&](int column) { return to + tap_first(j + column, p.taps, p.in) * 16 + half; });
    }
  }
  return j;
}

void pack_one(const FilterPacking& p, const float* from, float* to, int64_t columns) {
  if (columns == 16) {
#pragma GCC unroll 16
    for (int64_t column = 0; column < 16; ++column) to[column] = p.scale * from[column * p.out_stride];
    return;
  }
  for (int64_t column = 0; column < columns; ++column) to[column] = p.scale * from[column * p.out_stride];
  for (int64_t column = columns; column < 16; ++column) to[column] = 0;
}

}  // namespace

void gathered_product(const GatheredProduct& p) {
  for (int64_t panel = 0; panel * 16 < p.columns; ++panel) {
    for_depth_blocks(p, [&](const DepthBlock& depth) {
      for_row_blocks(p.rows, [&]<int R>(int64_t row) { product_block<R>(p, depth, row, panel); });
    });
  }
}

void gathered_outer_product(const GatheredOuterProduct& p) {
  for (int64_t k = 0; k < p.depth; ++k) store(p.packed + k * 16, load_some(p.x[k] + p.channel, p.rows));
  for (int64_t panel = 0; panel < p.panels; ++panel) {
    for_row_blocks(p.rows, [&]<int R>(int64_t row) {
      outer_block<R>(p, p.packed + row, p.y + panel * p.depth * 16, p.sums + row * p.sum_row + panel * 16);
    });
  }
}

void pack_panels(const PanelPacking& p) {
  for (int64_t panel = 0; panel * 16 < p.columns; ++panel) pack_panel(p, panel);
}

void pack_filters(const FilterPacking& p) {
  const bool rows = in_rows(p);
  for (int64_t first = 0; first < p.out; first += 16) {
    const int64_t columns = std::min<int64_t>(16, p.out - first);
    const float* from = p.from + first * p.out_stride;
    float* to = p.to + first * p.taps * p.in;
    const int64_t done = rows && columns == 16 ? pack_rows(p, from, to) : 0;
    for (int64_t j = done; j < p.in * p.taps; ++j) {
      const int64_t i = j / p.taps, tap = j % p.taps;
      pack_one(p, from + i * p.in_stride + p.offsets[tap], to + (tap * p.in + i) * 16, columns);
    }
  }
}

void unpack_sums(const SumUnpacking& p) {
  const int64_t row = p.in * p.taps;
  for (int64_t first = 0; first < p.out; first += 8) {
    const int64_t columns = std::min<int64_t>(8, p.out - first);
    const auto from = [&](int64_t j) { return p.sums + tap_first(j, p.taps, p.in) * p.sum_row + first; };
    float* to = p.to + first * row;
    int64_t j = 0;
    for (; columns == 8 && j + 8 <= row; j += 8) {
      transpose8(
          p.scale, [&](int number) { return from(j + number); }, [&](int column) { return to + column * row + j; });
    }
    for (; j < row; ++j) {
      for (int64_t column = 0; column < columns; ++column) to[column * row + j] = p.scale * from(j)[column];
    }
  }
}

}  // namespace lifted::ops::LIFTED_ISA
