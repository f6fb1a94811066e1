// One axis of Winograd's minimal filtering: Tile outputs of a filter of Taps from Tile + Taps − 1 inputs, by
// polynomials evaluated at 0, pairs ±q and infinity. Include only from *_kernel.cpp.
#pragma once

#include <array>

#include "lifted/ops/cpu/lanes.h"
#include "lifted/ops/cpu/winograd_transform_kernel.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

using V = Simd<float>::Lanes;
constexpr int64_t kStep = Simd<float>::kLanes;

/// a·b + c, rounded once where the instruction set can.
[[gnu::always_inline]] inline V fused(float a, V b, V c) {
#if defined(__AVX512F__)
  return (V)_mm512_fmadd_ps(_mm512_set1_ps(a), (__m512)b, (__m512)c);
#elif defined(__AVX2__)
  return (V)_mm256_fmadd_ps(_mm256_set1_ps(a), (__m256)b, (__m256)c);
#else
  return a * b + c;
#endif
}

template <int Pairs>
struct Points;
template <>
struct Points<2> {
  static constexpr std::array<double, 2> q = {kWinogradPoints[0], kWinogradPoints[1]};
};
template <>
struct Points<4> {
  static constexpr std::array<double, 4> q = {kWinogradPoints7[0], kWinogradPoints7[1], kWinogradPoints7[2],
                                              kWinogradPoints7[3]};
};

template <int Tile, int Taps>
struct Axis {
  static constexpr int kTile = Tile, kTaps = Taps, kSide = Tile + Taps - 1, kPairs = (kSide - 2) / 2;
  static constexpr auto kQ = Points<kPairs>::q;

  static constexpr int kMostPowers = Tile > Taps ? Tile : Taps;

  /// Coefficients, from the constant up, of the product of (x − q²) over all pairs but `left_out`.
  static constexpr std::array<double, kPairs + 1> product(int left_out) {
    std::array<double, kPairs + 1> c = {1};
    for (int r = 0; r < kPairs; ++r) {
      if (r == left_out) continue;
      for (int k = kPairs; k >= 0; --k) c[k] = (k > 0 ? c[k - 1] : 0) - kQ[r] * kQ[r] * c[k];
    }
    return c;
  }
  struct Pair {
    float q;
    float others[kPairs + 1];   // product() without this pair
    float powers[kMostPowers];  // of q
    float scaled[kMostPowers];  // times what the weights at ±q are multiplied by
  };
  static constexpr Pair make_pair(int p) {
    Pair pair = {.q = float(kQ[p]), .others = {}, .powers = {}, .scaled = {}};
    double power = 1, scale = 2 * kQ[p] * kQ[p];
    for (int r = 0; r < kPairs; ++r) scale *= r == p ? 1 : kQ[p] * kQ[p] - kQ[r] * kQ[r];
    for (int k = 0; k <= kPairs; ++k) pair.others[k] = float(product(p)[k]);
    for (int k = 0; k < kMostPowers; ++k, power *= kQ[p]) {
      pair.powers[k] = float(power);
      pair.scaled[k] = float(power / scale);
    }
    return pair;
  }
  static constexpr std::array<Pair, kPairs> make_pairs() {
    std::array<Pair, kPairs> pairs = {};
    for (int p = 0; p < kPairs; ++p) pairs[p] = make_pair(p);
    return pairs;
  }
  static constexpr std::array<Pair, kPairs> kPair = make_pairs();
  static constexpr auto kAll = product(-1);
  static constexpr float kScaleAtZero = float(1 / kAll[0]);

  template <int From, int To>
  [[gnu::always_inline]] static void input(const V* from, V* t) {
    V d[kSide];
#pragma GCC unroll 16
    for (int k = 0; k < kSide; ++k) d[k] = from[k * From];
    V first = d[kSide - 2], last = d[kSide - 1];
#pragma GCC unroll 16
    for (int k = 0; k < kPairs; ++k) {
      first = fused(float(kAll[k]), d[2 * k], first);
      last = fused(float(kAll[k]), d[2 * k + 1], last);
    }
    t[0] = first;
    t[(kSide - 1) * To] = last;
#pragma GCC unroll 16
    for (int p = 0; p < kPairs; ++p) {
      V even = d[kSide - 2], odd = d[kSide - 3];
#pragma GCC unroll 16
      for (int k = 0; k < kPairs - 1; ++k) {
        even = fused(kPair[p].others[k], d[2 * k + 2], even);
        odd = fused(kPair[p].others[k], d[2 * k + 1], odd);
      }
      t[(2 * p + 1) * To] = fused(kPair[p].q, odd, even);
      t[(2 * p + 2) * To] = fused(-kPair[p].q, odd, even);
    }
  }

  template <int From, int To>
  [[gnu::always_inline]] static void output(const V* t, V* y) {
    V sum[kPairs], difference[kPairs];
#pragma GCC unroll 16
    for (int p = 0; p < kPairs; ++p) {
      const V plus = t[(2 * p + 1) * From], minus = t[(2 * p + 2) * From];
      sum[p] = plus + minus;
      difference[p] = plus - minus;
    }
#pragma GCC unroll 16
    for (int k = 0; k < Tile; ++k) {
      V total = k == 0 ? t[0] : k == Tile - 1 ? t[(kSide - 1) * From] : V{};
#pragma GCC unroll 16
      for (int p = 0; p < kPairs; ++p) total = fused(kPair[p].powers[k], k % 2 ? difference[p] : sum[p], total);
      y[k * To] = total;
    }
  }

  template <int From, int To>
  [[gnu::always_inline]] static void output_adjoint(const V* y, V* t) {
    t[0] = y[0];
    t[(kSide - 1) * To] = y[(Tile - 1) * From];
    both_signs<Tile, From, To>(y, t, [](int p, int k) { return kPair[p].powers[k]; });
  }

  template <int From, int To>
  [[gnu::always_inline]] static void weights(const V* g, V* u) {
    both_signs<Taps, From, To>(g, u, [](int p, int k) { return kPair[p].scaled[k]; });
    u[0] = kScaleAtZero * g[0];
    u[(kSide - 1) * To] = g[(Taps - 1) * From];
  }

  template <int From, int To>
  [[gnu::always_inline]] static void weights_adjoint(const V* u, V* g) {
#pragma GCC unroll 16
    for (int k = 0; k < Taps; ++k) {
      V total = k == 0 ? kScaleAtZero * u[0] : k == Taps - 1 ? u[(kSide - 1) * From] : V{};
#pragma GCC unroll 16
      for (int p = 0; p < kPairs; ++p) {
        const V plus = u[(2 * p + 1) * From], minus = u[(2 * p + 2) * From];
        total = fused(kPair[p].scaled[k], k % 2 ? plus - minus : plus + minus, total);
      }
      g[k * To] = total;
    }
  }

 private:
  /// Σ_k factor(pair, k)·(±1)ᵏ·c_k for every pair.
  template <int Count, int From, int To, typename Factor>
  [[gnu::always_inline]] static void both_signs(const V* c, V* t, const Factor& factor) {
#pragma GCC unroll 16
    for (int p = 0; p < kPairs; ++p) {
      V even = factor(p, 0) * c[0], odd = factor(p, 1) * c[From];
#pragma GCC unroll 16
      for (int k = 2; k < Count; ++k) {
        V& half = k % 2 ? odd : even;
        half = fused(factor(p, k), c[k * From], half);
      }
      t[(2 * p + 1) * To] = even + odd;
      t[(2 * p + 2) * To] = even - odd;
    }
  }
};

/// The other axis of a filter along one.
template <>
struct Axis<1, 1> {
  static constexpr int kTile = 1, kTaps = 1, kSide = 1;
  template <int From, int To>
  static void input(const V* from, V* to) {
    to[0] = from[0];
  }
  template <int From, int To>
  static void output(const V* from, V* to) {
    to[0] = from[0];
  }
  template <int From, int To>
  static void weights(const V* from, V* to) {
    to[0] = from[0];
  }
};

}  // namespace
}  // namespace lifted::ops::LIFTED_ISA
