// The register tile of a direct convolution: P pixels of one row × G·16 output channels, summed over taps and one block
// of input channels. Include only from *_kernel.cpp.
#pragma once

#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {

/// Taps: where their input pixels lie relative to a tile's, and which slice of the weights they take.
struct TapList {
  int count = 0;
  int64_t input_offset[9] = {};
  int64_t weight_tap[9] = {};
  void add(int64_t input, int64_t weight) {
    input_offset[count] = input;
    weight_tap[count++] = weight;
  }
};

struct ConvRow {
  const float* x;       // packed input under the first pixel; pixels are `block` apart
  const float* weight;  // [tap][block][chunk]
  float* sums;          // pixels are sum_stride apart
  int64_t sum_stride, pixels, block, chunk;
  bool accumulate;  // add to sums instead of starting at zero
};

template <int P, int G, int Block>
void conv_tile(const ConvRow& r, const TapList& taps, int64_t pixel, int64_t group) {
  const float* x0 = r.x + pixel * Block;
  float* sums = r.sums + pixel * r.sum_stride + group * 16;
  Floats16 acc[P][G];
#pragma GCC unroll 32
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g) acc[p][g] = r.accumulate ? load(sums + p * r.sum_stride + g * 16) : broadcast(0);
  }
  for (int t = 0; t < taps.count; ++t) {
    const float* x = x0 + taps.input_offset[t];
    const float* w = r.weight + taps.weight_tap[t] * Block * r.chunk + group * 16;
    for (int c = 0; c < Block; ++c, w += r.chunk) {
      Floats16 weight[G];
#pragma GCC unroll 4
      for (int g = 0; g < G; ++g) weight[g] = load(w + g * 16);
#pragma GCC unroll 32
      for (int p = 0; p < P; ++p) {
        const Floats16 input = broadcast(x[p * Block + c]);
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) acc[p][g] = multiply_add(input, weight[g], acc[p][g]);
      }
    }
  }
#pragma GCC unroll 32
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g) store(sums + p * r.sum_stride + g * 16, acc[p][g]);
  }
}

/// Covers a row by tiles of at most kAccumulators registers, as even as the compiled widths allow.
template <int G, int Block>
void conv_row_groups(const ConvRow& r, const TapList& taps, int64_t group) {
  constexpr int kWidest = kAccumulators / G > 0 ? kAccumulators / G : 1;
  int64_t pixel = 0;
  const auto run = [&]<int P>() {
    if constexpr (P <= kWidest) {
      while (r.pixels - pixel >= P) conv_tile<P, G, Block>(r, taps, pixel, group), pixel += P;
    }
  };
  if constexpr (kWidest == 6) {  // 4 + 4 rather than 6 + 2, 6 + 5 + 5 rather than 6 + 6 + 4
    while (pixel < r.pixels) {
      const int64_t left = r.pixels - pixel, tiles = (left + 5) / 6, width = (left + tiles - 1) / tiles;
      if (width == 6) conv_tile<6, G, Block>(r, taps, pixel, group);
      if (width == 5) conv_tile<5, G, Block>(r, taps, pixel, group);
      if (width == 4) conv_tile<4, G, Block>(r, taps, pixel, group);
      if (width == 3) conv_tile<3, G, Block>(r, taps, pixel, group);
      if (width == 2) conv_tile<2, G, Block>(r, taps, pixel, group);
      if (width == 1) conv_tile<1, G, Block>(r, taps, pixel, group);
      pixel += width;
    }
  } else {
    // 9 and 5: what the odd widths of a transposed image leave over.
    run.template operator()<24>(), run.template operator()<16>(), run.template operator()<12>();
    run.template operator()<9>(), run.template operator()<8>(), run.template operator()<5>();
    run.template operator()<4>(), run.template operator()<2>(), run.template operator()<1>();
  }
}

template <int Block>
void conv_row_block(const ConvRow& r, const TapList& taps) {
  if constexpr (kAccumulators >= 24) {
    switch (r.chunk) {
      case 64:
        return conv_row_groups<4, Block>(r, taps, 0);
      case 48:
        return conv_row_groups<3, Block>(r, taps, 0);
      case 32:
        return conv_row_groups<2, Block>(r, taps, 0);
      default:
        return conv_row_groups<1, Block>(r, taps, 0);
    }
  } else {
    for (int64_t group = 0; group < r.chunk / 16; ++group) conv_row_groups<1, Block>(r, taps, group);
  }
}

inline void conv_row(const ConvRow& r, const TapList& taps) {
  if (r.block == 16) {
    conv_row_block<16>(r, taps);
  } else {
    conv_row_block<32>(r, taps);
  }
}

}  // namespace lifted::ops::LIFTED_ISA
