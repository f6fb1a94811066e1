#include "lifted/ops/cpu/winograd_transform_kernel.h"

#include <algorithm>

#include "lifted/ops/cpu/transpose_inl.h"
#include "lifted/ops/cpu/winograd_axis_inl.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

/// f<vertical axis, horizontal axis>().
template <typename F>
void with_axes(WinogradForm form, const F& f) {
  switch (form) {
    case WinogradForm::square3:
      return f.template operator()<Axis<4, 3>, Axis<4, 3>>();
    case WinogradForm::square5:
      return f.template operator()<Axis<2, 5>, Axis<2, 5>>();
    case WinogradForm::row3:
      return f.template operator()<Axis<1, 1>, Axis<4, 3>>();
    case WinogradForm::column3:
      return f.template operator()<Axis<4, 3>, Axis<1, 1>>();
    case WinogradForm::row7:
      return f.template operator()<Axis<1, 1>, Axis<4, 7>>();
    case WinogradForm::column7:
      return f.template operator()<Axis<4, 7>, Axis<1, 1>>();
  }
}

void store_lanes(float* to, V v) {
  __builtin_memcpy(to, &v, sizeof v);
}

struct Place {
  int64_t picture, y, x;  // the tile's first output pixel
};

template <typename Y, typename X>
Place place_of(const WinogradTiles& p, int64_t tile) {
  const int64_t row = tile / p.columns;
  return {row / p.rows, row % p.rows * Y::kTile, tile % p.columns * X::kTile};
}

int64_t channel_at(const WinogradTiles& p, int64_t tile, int64_t channel) {
  return channel / 16 * p.panel_stride + tile * p.tile_stride + channel % 16;
}

/// Height×Width pixels from (y, x) on; zeros outside the picture.
template <int Height, int Width>
void load_patch(const float* picture, const WinogradPictures& at, int64_t y, int64_t x, V* patch) {
  if (y >= 0 && x >= 0 && y + Height <= at.height && x + Width <= at.width) {
    for (int i = 0; i < Height; ++i) {
      const float* row = picture + (y + i) * at.row_step + x * at.pixel_step;
#pragma GCC unroll 10
      for (int j = 0; j < Width; ++j) patch[i * Width + j] = load<float>(row + j * at.pixel_step);
    }
    return;
  }
  for (int i = 0; i < Height; ++i) {
    for (int j = 0; j < Width; ++j) {
      const bool inside = y + i >= 0 && y + i < at.height && x + j >= 0 && x + j < at.width;
      patch[i * Width + j] = inside ? load<float>(picture + (y + i) * at.row_step + (x + j) * at.pixel_step) : V{};
    }
  }
}

template <typename Y, typename X>
void input_tiles(const WinogradInput& p) {
  const auto& t = p.tiles;
  V patch[Y::kSide * X::kSide];
  for (int64_t i = 0; i < t.count; ++i) {
    const Place at = place_of<Y, X>(t, t.first + i);
    const float* picture = p.pictures + at.picture * p.at.picture_step;
    for (int64_t c = 0; c < t.channels; c += kStep) {
      float* to = t.transformed + channel_at(t, i, c);
      load_patch<Y::kSide, X::kSide>(picture + c, p.at, at.y - p.padding_y, at.x - p.padding_x, patch);
#pragma GCC unroll 10
      for (int j = 0; j < X::kSide; ++j) Y::template input<X::kSide, X::kSide>(patch + j, patch + j);
#pragma GCC unroll 10
      for (int j = 0; j < Y::kSide; ++j) {
        V row[X::kSide];
        X::template input<1, 1>(patch + j * X::kSide, row);
#pragma GCC unroll 10
        for (int k = 0; k < X::kSide; ++k) store_lanes(to + (j * X::kSide + k) * t.position_stride, row[k]);
      }
    }
  }
}

/// max(v, 0); NaN stays NaN.
V not_negative(V v) {
  return V{} > v ? V{} : v;
}

template <typename Y, typename X>
void output_tiles(const WinogradOutput& p) {
  const auto& t = p.tiles;
  V half[Y::kTile * X::kSide], column[Y::kSide];
  for (int64_t i = 0; i < t.count; ++i) {
    const Place at = place_of<Y, X>(t, t.first + i);
    const int64_t rows = std::min<int64_t>(Y::kTile, p.at.height - at.y),
                  columns = std::min<int64_t>(X::kTile, p.at.width - at.x);
    float* picture = p.pictures + at.picture * p.at.picture_step + at.y * p.at.row_step + at.x * p.at.pixel_step;
    for (int64_t c = 0; c < t.channels; c += kStep) {
      const float* from = t.transformed + channel_at(t, i, c);
#pragma GCC unroll 10
      for (int k = 0; k < X::kSide; ++k) {
#pragma GCC unroll 10
        for (int j = 0; j < Y::kSide; ++j) column[j] = load<float>(from + (j * X::kSide + k) * t.position_stride);
        Y::template output<1, X::kSide>(column, half + k);
      }
      const bool relu = c < p.relu_channels;
      const V bias = p.bias ? load<float>(p.bias + c) : V{};
#pragma GCC unroll 4
      for (int j = 0; j < Y::kTile; ++j) {
        V y[X::kTile];
        X::template output<1, 1>(half + j * X::kSide, y);
        if (j >= rows) continue;
#pragma GCC unroll 4
        for (int k = 0; k < X::kTile; ++k) {
          if (k >= columns) continue;
          const V value = y[k] + bias;
          store_lanes(picture + j * p.at.row_step + k * p.at.pixel_step + c, relu ? not_negative(value) : value);
        }
      }
    }
  }
}

void adjoint_tiles(const WinogradOutputAdjoint& p) {
  using A = Axis<4, 3>;
  constexpr int kSide = A::kSide, kTile = A::kTile;
  const auto& t = p.tiles;
  V patch[kTile * kTile], half[kSide * kTile], row[kSide];
  for (int64_t i = 0; i < t.count; ++i) {
    const Place at = place_of<A, A>(t, t.first + i);
    const float* picture = p.pictures + at.picture * p.at.picture_step;
    for (int64_t c = 0; c < t.channels; c += kStep) {
      float* to = t.transformed + channel_at(t, i, c);
      load_patch<kTile, kTile>(picture + c, p.at, at.y, at.x, patch);
#pragma GCC unroll 4
      for (int j = 0; j < kTile; ++j) A::output_adjoint<kTile, kTile>(patch + j, half + j);
#pragma GCC unroll 6
      for (int j = 0; j < kSide; ++j) {
        A::output_adjoint<1, 1>(half + j * kTile, row);
#pragma GCC unroll 6
        for (int k = 0; k < kSide; ++k) store_lanes(to + (j * kSide + k) * t.position_stride, row[k]);
      }
    }
  }
}

/// Where tap (y, x) of the filter from input i to output o lies.
template <typename Y, typename X>
int64_t weight_at(const WinogradWeights& w, int64_t o, int64_t i, int y, int x) {
  if (w.turned) y = Y::kTaps - 1 - y, x = X::kTaps - 1 - x;
  return o * w.out_stride + i * w.in_stride + y * w.y_stride + x * w.x_stride;
}

/// Whether the nine taps of a 3×3 filter follow one another.
template <typename Y, typename X>
bool nine_in_a_row(const WinogradWeights& w) {
  return Y::kTaps == 3 && X::kTaps == 3 && w.x_stride == 1 && w.y_stride == 3;
}

/// taps[t][l] = tap t of the filter from input i to output 16·panel + l.
template <typename Y, typename X>
void gather_taps(const WinogradWeights& w, const float* from, int64_t panel, int64_t i, float (*taps)[16]) {
  constexpr int kTaps = Y::kTaps * X::kTaps;
  const float* first = from + panel * 16 * w.out_stride + i * w.in_stride;
  if (nine_in_a_row<Y, X>(w)) {
    for (int l = 0; l < 16; l += 8) {
      transpose8(
          1, [&](int row) { return first + (l + row) * w.out_stride; },
          [&](int t) { return taps[w.turned ? 8 - t : t] + l; });
    }
    for (int l = 0; l < 16; ++l) taps[w.turned ? 0 : 8][l] = first[l * w.out_stride + 8];
    return;
  }
  for (int t = 0; t < kTaps; ++t) {
    const float* tap = first + weight_at<Y, X>(w, 0, 0, t / X::kTaps, t % X::kTaps);
    for (int l = 0; l < 16; ++l) taps[t][l] = tap[l * w.out_stride];
  }
}

/// The reverse, for filters that are not turned.
void scatter_taps(const WinogradWeights& w, const float (*taps)[16], int64_t panel, int64_t i, float* to) {
  using A = Axis<4, 3>;
  float* first = to + panel * 16 * w.out_stride + i * w.in_stride;
  for (int l = 0; l < 16; l += 8) {
    transpose8(
        1, [&](int t) { return taps[t] + l; }, [&](int row) { return first + (l + row) * w.out_stride; });
  }
  for (int l = 0; l < 16; ++l) first[l * w.out_stride + weight_at<A, A>(w, 0, 0, 2, 2)] = taps[8][l];
}

template <typename Y, typename X>
void transform_weights(const WinogradWeightTransform& p) {
  const auto& w = p.weights;
  float taps[Y::kTaps * X::kTaps][16];
  V g[Y::kTaps * X::kTaps], half[Y::kSide * X::kTaps], row[X::kSide];
  for (int64_t panel = w.first_panel; panel < w.first_panel + w.panels; ++panel) {
    for (int64_t i = 0; i < w.in; ++i) {
      gather_taps<Y, X>(w, p.from, panel, i, taps);
      for (int64_t l = 0; l < 16; l += kStep) {
        float* to = p.to + (panel * w.in + i) * 16 + l;
        for (int t = 0; t < Y::kTaps * X::kTaps; ++t) g[t] = w.scale * load<float>(taps[t] + l);
        for (int x = 0; x < X::kTaps; ++x) Y::template weights<X::kTaps, X::kTaps>(g + x, half + x);
        for (int j = 0; j < Y::kSide; ++j) {
          X::template weights<1, 1>(half + j * X::kTaps, row);
          for (int k = 0; k < X::kSide; ++k) store_lanes(to + (j * X::kSide + k) * w.position_stride, row[k]);
        }
      }
    }
  }
}

void adjoint_weights(const WinogradWeightAdjoint& p) {
  using A = Axis<4, 3>;
  constexpr int kSide = A::kSide;
  const auto& w = p.weights;
  float taps[9][16];
  V u[kSide * kSide], half[3 * kSide], g[3];
  for (int64_t panel = w.first_panel; panel < w.first_panel + w.panels; ++panel) {
    for (int64_t i = 0; i < w.in; ++i) {
      for (int64_t l = 0; l < 16; l += kStep) {
        const float* from = p.from + i * w.out + panel * 16 + l;
        for (int q = 0; q < kSide * kSide; ++q) u[q] = load<float>(from + q * w.position_stride);
        for (int j = 0; j < kSide; ++j) A::weights_adjoint<kSide, kSide>(u + j, half + j);
        for (int j = 0; j < 3; ++j) {
          A::weights_adjoint<1, 1>(half + j * kSide, g);
          for (int k = 0; k < 3; ++k) store_lanes(taps[j * 3 + k] + l, w.scale * g[k]);
        }
      }
      scatter_taps(w, taps, panel, i, p.to);
    }
  }
}

}  // namespace

void winograd_input(const WinogradInput& p) {
  with_axes(p.tiles.form, [&]<typename Y, typename X>() { input_tiles<Y, X>(p); });
}

void winograd_output(const WinogradOutput& p) {
  with_axes(p.tiles.form, [&]<typename Y, typename X>() { output_tiles<Y, X>(p); });
}

void winograd_output_adjoint(const WinogradOutputAdjoint& p) {
  adjoint_tiles(p);
}

void winograd_weights(const WinogradWeightTransform& p) {
  with_axes(p.weights.form, [&]<typename Y, typename X>() { transform_weights<Y, X>(p); });
}

void winograd_weights_adjoint(const WinogradWeightAdjoint& p) {
  adjoint_weights(p);
}

}  // namespace lifted::ops::LIFTED_ISA
