// Transforms of Winograd's minimal filtering F(m×m, 3×3), m = 4: a tile of m×m outputs costs (m+2)² products of
// transformed pictures and weights instead of 9·m². Pictures are NHWC; channels are a multiple of 16.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

inline constexpr int64_t kWinogradTile = 4;  // m: outputs of a tile along one axis

/// F(4×4)'s polynomials are evaluated at 0, ±¾, ±1½ and infinity. At the usual 0, ±1, ±2 the error is four times as
/// large.
inline constexpr float kWinogradPoints[] = {0.75f, 1.5f};

/// Tiles [first, first + count) of a set of pictures, counted along rows, then down, then from picture to picture.
struct WinogradTiles {
  int64_t rows, columns;  // tiles of one picture
  int64_t first, count;
  float* transformed;                 // [position][tile - first][channel], (m+2)² positions
  int64_t position_stride, channels;  // floats from one position to the next
};

struct WinogradInput {
  WinogradTiles tiles;
  const float* pictures;
  int64_t height, width, padding;
};

struct WinogradOutput {
  WinogradTiles tiles;
  float* pictures;
  int64_t height, width;
  const float* bias;  // of each channel, or null
};

struct WinogradOutputAdjoint {
  WinogradTiles tiles;
  const float* pictures;
  int64_t height, width;
};

/// 3×3 weights and their transform. Weights lie anywhere: w[o·out_stride + i·in_stride + tap·tap_stride].
struct WinogradWeights {
  int64_t in, out;
  int64_t out_stride, in_stride, tap_stride;
  bool turned;                  // by 180°: the weights of the input's gradient
  int64_t first_panel, panels;  // of sixteen output channels
};

struct WinogradWeightTransform {
  WinogradWeights weights;
  const float* from;
  float* to;  // [position][out/16][in][16]
};

struct WinogradWeightAdjoint {
  WinogradWeights weights;
  const float* from;  // [position][in][out]
  float* to;
};

LIFTED_DECLARE_ISA(
    /// transformed = Bᵀ d B of the (m+2)² input pixels under each tile, zeros outside.
    void winograd_input(const WinogradInput& p);
    /// pictures = Aᵀ transformed A + bias, clipped to the picture.
    void winograd_output(const WinogradOutput& p);
    /// transformed = A d Aᵀ of each tile's m×m pixels, zeros outside: the adjoint of winograd_output without bias and
    /// ReLU.
    void winograd_output_adjoint(const WinogradOutputAdjoint& p);
    /// to = G w Gᵀ of every 3×3 filter.
    void winograd_weights(const WinogradWeightTransform& p);
    /// to = Gᵀ from G: the adjoint of winograd_weights.
    void winograd_weights_adjoint(const WinogradWeightAdjoint& p);)

}  // namespace lifted::ops
