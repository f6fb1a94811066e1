#include "lifted/ops/cpu/winograd_transform_kernel.h"

#include <algorithm>

#include "lifted/ops/cpu/lanes.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

using V = Simd<float>::Lanes;
constexpr int64_t kStep = Simd<float>::kLanes;

void store_lanes(float* to, V v) {
  __builtin_memcpy(to, &v, sizeof v);
}

// One axis of each transform, in place of its matrix.
struct Axis {
  static constexpr int kSide = 6;
  static constexpr float kA = kWinogradPoints[0], kB = kWinogradPoints[1], kA2 = kA * kA, kB2 = kB * kB;
  template <int S>
  [[gnu::always_inline]] static void input(const V* d, V* t) {
    const V d0 = d[0], d1 = d[S], d2 = d[2 * S], d3 = d[3 * S], d4 = d[4 * S], d5 = d[5 * S];
    const V even = d4 - kB2 * d2, odd = kA * (d3 - kB2 * d1), even2 = d4 - kA2 * d2, odd2 = kB * (d3 - kA2 * d1);
    t[0] = kA2 * kB2 * d0 - (kA2 + kB2) * d2 + d4;
    t[S] = even + odd;
    t[2 * S] = even - odd;
    t[3 * S] = even2 + odd2;
    t[4 * S] = even2 - odd2;
    t[5 * S] = kA2 * kB2 * d1 - (kA2 + kB2) * d3 + d5;
  }
  template <int From, int To>
  [[gnu::always_inline]] static void output(const V* t, V* y) {
    const V sum = t[From] + t[2 * From], difference = kA * (t[From] - t[2 * From]);
    const V sum2 = t[3 * From] + t[4 * From], difference2 = kB * (t[3 * From] - t[4 * From]);
    y[0] = t[0] + sum + sum2;
    y[To] = difference + difference2;
    y[2 * To] = kA2 * sum + kB2 * sum2;
    y[3 * To] = kA2 * difference + kB2 * difference2 + t[5 * From];
  }
  template <int From, int To>
  [[gnu::always_inline]] static void output_adjoint(const V* y, V* t) {
    const V y0 = y[0], y1 = y[From], y2 = y[2 * From], y3 = y[3 * From];
    const V even = y0 + kA2 * y2, odd = kA * (y1 + kA2 * y3), even2 = y0 + kB2 * y2, odd2 = kB * (y1 + kB2 * y3);
    t[0] = y0;
    t[To] = even + odd;
    t[2 * To] = even - odd;
    t[3 * To] = even2 + odd2;
    t[4 * To] = even2 - odd2;
    t[5 * To] = y3;
  }
  static constexpr float kAt0 = 1 / (kA2 * kB2), kAtA = 1 / (2 * kA2 * (kA2 - kB2)), kAtB = 1 / (2 * kB2 * (kB2 - kA2));
  template <int From, int To>
  [[gnu::always_inline]] static void weights(const V* g, V* u) {
    const V g0 = g[0], g1 = g[From], g2 = g[2 * From];
    const V even = kAtA * (g0 + kA2 * g2), odd = (kAtA * kA) * g1, even2 = kAtB * (g0 + kB2 * g2),
            odd2 = (kAtB * kB) * g1;
    u[0] = kAt0 * g0;
    u[To] = even + odd;
    u[2 * To] = even - odd;
    u[3 * To] = even2 + odd2;
    u[4 * To] = even2 - odd2;
    u[5 * To] = g2;
  }
  template <int From, int To>
  [[gnu::always_inline]] static void weights_adjoint(const V* u, V* g) {
    const V sum = kAtA * (u[From] + u[2 * From]), sum2 = kAtB * (u[3 * From] + u[4 * From]);
    g[0] = kAt0 * u[0] + sum + sum2;
    g[To] = (kAtA * kA) * (u[From] - u[2 * From]) + (kAtB * kB) * (u[3 * From] - u[4 * From]);
    g[2 * To] = kA2 * sum + kB2 * sum2 + u[5 * From];
  }
};

struct Place {
  int64_t picture, y, x;  // the tile's first output pixel
};

Place place_of(const WinogradTiles& p, int64_t tile) {
  const int64_t row = tile / p.columns;
  return {row / p.rows, row % p.rows * kWinogradTile, tile % p.columns * kWinogradTile};
}

/// Side×Side pixels from (y, x) on, `step` floats apart; zeros outside the picture.
template <int Side>
void load_patch(const float* picture, int64_t height, int64_t width, int64_t channels, int64_t y, int64_t x, V* patch) {
  if (y >= 0 && x >= 0 && y + Side <= height && x + Side <= width) {
    for (int i = 0; i < Side; ++i) {
      const float* row = picture + ((y + i) * width + x) * channels;
#pragma GCC unroll 6
      for (int j = 0; j < Side; ++j) patch[i * Side + j] = load<float>(row + j * channels);
    }
    return;
  }
  for (int i = 0; i < Side; ++i) {
    for (int j = 0; j < Side; ++j) {
      const bool inside = y + i >= 0 && y + i < height && x + j >= 0 && x + j < width;
      patch[i * Side + j] = inside ? load<float>(picture + ((y + i) * width + x + j) * channels) : V{};
    }
  }
}

void input_tiles(const WinogradInput& p) {
  constexpr int kSide = Axis::kSide;
  const auto& t = p.tiles;
  V patch[kSide * kSide];
  for (int64_t i = 0; i < t.count; ++i) {
    const Place at = place_of(t, t.first + i);
    const float* picture = p.pictures + at.picture * p.height * p.width * t.channels;
    float* to = t.transformed + i * t.channels;
    for (int64_t c = 0; c < t.channels; c += kStep) {
      load_patch<kSide>(picture + c, p.height, p.width, t.channels, at.y - p.padding, at.x - p.padding, patch);
#pragma GCC unroll 6
      for (int j = 0; j < kSide; ++j) Axis::input<kSide>(patch + j, patch + j);
#pragma GCC unroll 6
      for (int j = 0; j < kSide; ++j) {
        V row[kSide];
        Axis::input<1>(patch + j * kSide, row);
#pragma GCC unroll 6
        for (int k = 0; k < kSide; ++k) store_lanes(to + (j * kSide + k) * t.position_stride + c, row[k]);
      }
    }
  }
}

void output_tiles(const WinogradOutput& p) {
  constexpr int kSide = Axis::kSide;
  const auto& t = p.tiles;
  V half[kWinogradTile * kSide], column[kSide];
  for (int64_t i = 0; i < t.count; ++i) {
    const Place at = place_of(t, t.first + i);
    const int64_t rows = std::min<int64_t>(kWinogradTile, p.height - at.y),
                  columns = std::min<int64_t>(kWinogradTile, p.width - at.x);
    float* picture = p.pictures + ((at.picture * p.height + at.y) * p.width + at.x) * t.channels;
    const float* from = t.transformed + i * t.channels;
    for (int64_t c = 0; c < t.channels; c += kStep) {
#pragma GCC unroll 6
      for (int k = 0; k < kSide; ++k) {
#pragma GCC unroll 6
        for (int j = 0; j < kSide; ++j) column[j] = load<float>(from + (j * kSide + k) * t.position_stride + c);
        Axis::output<1, kSide>(column, half + k);
      }
      const V bias = p.bias ? load<float>(p.bias + c) : V{};
#pragma GCC unroll 4
      for (int j = 0; j < kWinogradTile; ++j) {
        V y[kWinogradTile];
        Axis::output<1, 1>(half + j * kSide, y);
        if (j >= rows) continue;
#pragma GCC unroll 4
        for (int k = 0; k < kWinogradTile; ++k) {
          if (k >= columns) continue;
          store_lanes(picture + (j * p.width + k) * t.channels + c, y[k] + bias);
        }
      }
    }
  }
}

void adjoint_tiles(const WinogradOutputAdjoint& p) {
  constexpr int kSide = Axis::kSide;
  const auto& t = p.tiles;
  V patch[kWinogradTile * kWinogradTile], half[kSide * kWinogradTile], row[kSide];
  for (int64_t i = 0; i < t.count; ++i) {
    const Place at = place_of(t, t.first + i);
    const float* picture = p.pictures + at.picture * p.height * p.width * t.channels;
    float* to = t.transformed + i * t.channels;
    for (int64_t c = 0; c < t.channels; c += kStep) {
      load_patch<kWinogradTile>(picture + c, p.height, p.width, t.channels, at.y, at.x, patch);
#pragma GCC unroll 4
      for (int j = 0; j < kWinogradTile; ++j) Axis::output_adjoint<kWinogradTile, kWinogradTile>(patch + j, half + j);
#pragma GCC unroll 6
      for (int j = 0; j < kSide; ++j) {
        Axis::output_adjoint<1, 1>(half + j * kWinogradTile, row);
#pragma GCC unroll 6
        for (int k = 0; k < kSide; ++k) store_lanes(to + (j * kSide + k) * t.position_stride + c, row[k]);
      }
    }
  }
}

/// Where tap t of the filter from input i to output o lies.
int64_t weight_at(const WinogradWeights& w, int64_t o, int64_t i, int t) {
  return o * w.out_stride + i * w.in_stride + (w.turned ? 8 - t : t) * w.tap_stride;
}

void transform_weights(const WinogradWeightTransform& p) {
  constexpr int kSide = Axis::kSide;
  const auto& w = p.weights;
  float taps[9][16];
  V g[9], half[3 * kSide], row[kSide];
  for (int64_t panel = w.first_panel; panel < w.first_panel + w.panels; ++panel) {
    for (int64_t i = 0; i < w.in; ++i) {
      for (int l = 0; l < 16; ++l) {
        for (int t = 0; t < 9; ++t) taps[t][l] = p.from[weight_at(w, panel * 16 + l, i, t)];
      }
      for (int64_t l = 0; l < 16; l += kStep) {
        float* to = p.to + (panel * w.in + i) * 16 + l;
        for (int t = 0; t < 9; ++t) g[t] = load<float>(taps[t] + l);
        for (int j = 0; j < 3; ++j) Axis::weights<3, 3>(g + j, half + j);
        for (int j = 0; j < kSide; ++j) {
          Axis::weights<1, 1>(half + j * 3, row);
          for (int k = 0; k < kSide; ++k) store_lanes(to + (j * kSide + k) * w.in * w.out, row[k]);
        }
      }
    }
  }
}

void adjoint_weights(const WinogradWeightAdjoint& p) {
  constexpr int kSide = Axis::kSide;
  const auto& w = p.weights;
  float taps[9][16];
  V u[kSide * kSide], half[3 * kSide], g[3];
  for (int64_t panel = w.first_panel; panel < w.first_panel + w.panels; ++panel) {
    for (int64_t i = 0; i < w.in; ++i) {
      for (int64_t l = 0; l < 16; l += kStep) {
        const float* from = p.from + i * w.out + panel * 16 + l;
        for (int q = 0; q < kSide * kSide; ++q) u[q] = load<float>(from + q * w.in * w.out);
        for (int j = 0; j < kSide; ++j) Axis::weights_adjoint<kSide, kSide>(u + j, half + j);
        for (int j = 0; j < 3; ++j) {
          Axis::weights_adjoint<1, 1>(half + j * kSide, g);
          for (int k = 0; k < 3; ++k) store_lanes(taps[j * 3 + k] + l, g[k]);
        }
      }
      for (int l = 0; l < 16; ++l) {
        for (int t = 0; t < 9; ++t) p.to[weight_at(w, panel * 16 + l, i, t)] = taps[t][l];
      }
    }
  }
}

}  // namespace

void winograd_input(const WinogradInput& p) {
  input_tiles(p);
}

void winograd_output(const WinogradOutput& p) {
  output_tiles(p);
}

void winograd_output_adjoint(const WinogradOutputAdjoint& p) {
  adjoint_tiles(p);
}

void winograd_weights(const WinogradWeightTransform& p) {
  transform_weights(p);
}

void winograd_weights_adjoint(const WinogradWeightAdjoint& p) {
  adjoint_weights(p);
}

}  // namespace lifted::ops::LIFTED_ISA
