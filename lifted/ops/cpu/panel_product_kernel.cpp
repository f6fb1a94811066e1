#include "lifted/ops/cpu/panel_product_kernel.h"

#include <algorithm>

#include "lifted/ops/cpu/row_blocks_inl.h"
#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

constexpr int64_t kDepth = 256;  // a panel of b in half of a first-level cache

template <int R>
void block(const PanelProduct& p, int64_t first_row, int64_t panel, int64_t first, int64_t last) {
  const float* a = p.a + first_row * p.a_row + first * p.a_k;
  const float* b = p.b + panel * p.b_panel + first * p.b_k;
  float* c = p.c + first_row * p.c_row + panel * 16;
  const bool accumulate = p.accumulate || first > 0;
  F16 sums[R];
#pragma GCC unroll 32
  for (int r = 0; r < R; ++r) sums[r] = accumulate ? load(c + r * p.c_row) : broadcast(0);
  for (int64_t k = first; k < last; ++k, a += p.a_k, b += p.b_k) {
    const F16 right = load(b);
#pragma GCC unroll 32
    for (int r = 0; r < R; ++r) sums[r] = multiply_add(broadcast(a[r * p.a_row]), right, sums[r]);
  }
#pragma GCC unroll 32
  for (int r = 0; r < R; ++r) store(c + r * p.c_row, sums[r]);
}

}  // namespace

void panel_product(const PanelProduct& p) {
  for (int64_t first = 0; first < p.depth; first += kDepth) {
    const int64_t last = std::min(p.depth, first + kDepth);
    for (int64_t panel = 0; panel < p.panels; ++panel) {
      for_row_blocks(p.rows, [&]<int R>(int64_t row) { block<R>(p, row, panel, first, last); });
    }
  }
}

}  // namespace lifted::ops::LIFTED_ISA
