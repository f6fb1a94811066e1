// Matrix products whose rows lie wherever pointers say: the inner loops of direct convolution. A row is the output
// pixel, a tap's factor the input pixel under it.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

/// c[row][column] = bias[column] + Σ_tap Σ_k a[tap·rows + row][k] · b[panel][tap][k][column%16], panel = column/16; at
/// least 0 in the first relu_columns. Every sum runs over taps, then k, in order, whatever the number of rows.
struct GatheredProduct {
  const float* const* a;  // taps × rows pointers to `depth` floats
  float* const* c;        // rows pointers to `columns` floats
  const float* b;         // columns beyond the last are zeros
  const float* bias;      // `columns` rounded up to 16, or null
  int64_t rows, taps, depth, columns;
  int64_t relu_columns;  // a multiple of 16, or >= columns
};

/// sums[i][o] += Σ_k x[k][channel + i] · y[o/16][k][o%16], i < rows <= 16: a tap's part of a weight gradient. `packed`
/// holds 16·depth floats.
struct GatheredOuterProduct {
  const float* const* x;  // depth pointers
  int64_t channel;
  const float* y;
  float* sums;
  float* packed;
  int64_t rows, depth, panels, sum_row;
};

/// to[panel][k][column%16] = from[k][column], zeros beyond the last column.
struct PanelPacking {
  const float* const* from;  // depth pointers
  float* to;
  int64_t depth, columns;
};

/// to[o/16][tap][i][o%16] = scale · from[o·out_stride + i·in_stride + offset[tap]], zeros beyond the last o.
struct FilterPacking {
  const float* from;
  float* to;
  int64_t out, in, out_stride, in_stride, taps;
  const int64_t* offsets;
  float scale;
};

/// to[o][i][tap] = scale · sums[(tap·in + i)·sum_row + o].
struct SumUnpacking {
  const float* sums;
  float* to;
  int64_t out, in, taps, sum_row;
  float scale;
};

LIFTED_DECLARE_ISA(void gathered_product(const GatheredProduct& p);
                   void gathered_outer_product(const GatheredOuterProduct& p); void pack_panels(const PanelPacking& p);
                   void pack_filters(const FilterPacking& p); void unpack_sums(const SumUnpacking& p);)

}  // namespace lifted::ops
