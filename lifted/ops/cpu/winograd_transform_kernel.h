// Transforms of Winograd's minimal filtering F(m, r): a tile of m outputs along an axis costs m + r − 1 products of
// transformed pictures and weights instead of m·r. Channels lie innermost, a multiple of 16.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

/// Filters, by height and width, and the tiles they are computed in.
enum class WinogradForm {
  square3,  // 3×3 by F(4×4, 3×3): 36 products for 144
  square5,  // 5×5 by F(2×2, 5×5): 36 for 100
  row3,
  column3,  // 1×3 and 3×1 by F(4, 3): 6 for 12
  row7,
  column7  // 1×7 and 7×1 by F(4, 7): 10 for 28
};

/// The polynomials of six points are evaluated at 0, ±¾, ±1½ and infinity. At the usual 0, ±1, ±2 the error is four
/// times as large.
inline constexpr float kWinogradPoints[] = {0.75f, 1.5f};
/// Those of ten points; the best of the eighths up to 2.
inline constexpr float kWinogradPoints7[] = {0.5f, 0.75f, 1.25f, 2.0f};

/// Tiles [first, first + count) of a set of pictures, counted along rows, then down, then from picture to picture.
struct WinogradTiles {
  WinogradForm form;
  int64_t rows, columns;  // tiles of one picture
  int64_t first, count;
  /// position·position_stride + (channel/16)·panel_stride + (tile − first)·tile_stride + channel%16, in floats
  float* transformed;
  int64_t position_stride, panel_stride, tile_stride, channels;
};

/// Where pixels lie, in floats.
struct WinogradPictures {
  int64_t height, width, picture_step, row_step, pixel_step;
};

struct WinogradInput {
  WinogradTiles tiles;
  WinogradPictures at;
  const float* pictures;
  int64_t padding_y, padding_x;
};

struct WinogradOutput {
  WinogradTiles tiles;
  WinogradPictures at;
  float* pictures;
  const float* bias;      // of each channel, or null
  int64_t relu_channels;  // a multiple of 16
};

struct WinogradOutputAdjoint {
  WinogradTiles tiles;
  WinogradPictures at;
  const float* pictures;
};

/// Weights and their transform. Weights lie anywhere: w[o·out_stride + i·in_stride + y·y_stride + x·x_stride].
struct WinogradWeights {
  WinogradForm form;
  int64_t in, out;
  int64_t out_stride, in_stride, y_stride, x_stride;
  bool turned;                  // by 180°: the weights of the input's gradient
  int64_t first_panel, panels;  // of sixteen output channels
  int64_t position_stride;      // of the transform, in floats
  float scale;                  // multiplies the weights
};

struct WinogradWeightTransform {
  WinogradWeights weights;
  const float* from;
  float* to;  // [position][out/16][in][16]
};

struct WinogradWeightAdjoint {
  WinogradWeights weights;
  const float* from;  // [position][in][out]
  float* to;          // out×in×3×3, contiguous
};

LIFTED_DECLARE_ISA(
    /// transformed = Bᵀ d B of the input pixels under each tile, zeros outside.
    void winograd_input(const WinogradInput& p);
    /// pictures = Aᵀ transformed A + bias, at least 0 in the first relu_channels, clipped to the picture.
    void winograd_output(const WinogradOutput& p);
    /// transformed = A d Aᵀ of each tile's pixels, zeros outside: the adjoint of winograd_output without bias and
    /// ReLU; square3 only.
    void winograd_output_adjoint(const WinogradOutputAdjoint& p);
    /// to = G w Gᵀ of every filter.
    void winograd_weights(const WinogradWeightTransform& p);
    /// to = Gᵀ from G: the adjoint of winograd_weights; square3 only.
    void winograd_weights_adjoint(const WinogradWeightAdjoint& p);)

}  // namespace lifted::ops
