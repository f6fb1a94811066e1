#include "lifted/ops/cpu/plane_conv_kernel.h"

#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

/// `Pixels` neighbouring outputs from column x on; each is summed in the same order whatever Pixels is.
template <int Pixels>
void convolve(const PlaneConvRowParams& p, int64_t x) {
  Floats16 sums[Pixels] = {};
  const float* weight = p.weight;
  for (int64_t dy = 0; dy < p.kernel; ++dy) {
    const float* row = p.rows[dy] + x * p.channels;
    for (int64_t k = 0; k < p.kernel * p.channels; k += kLanes16) {
      const Floats16 weights = load(weight + k);
      for (int i = 0; i < Pixels; ++i) sums[i] = multiply_add(load(row + i * p.channels + k), weights, sums[i]);
    }
    weight += p.kernel * p.channels;
  }
  for (int i = 0; i < Pixels; ++i) p.y[x + i] = horizontal_sum(sums[i]) + p.bias;
}

}  // namespace

void affine_relu_row(const AffineReluRowParams& p) {
  float* to = p.y + p.padding * p.channels;
  for (int64_t c = 0; c < p.channels; c += kLanes16) {
    const Floats16 scale = load(p.scale + c), shift = load(p.shift + c);
    for (int64_t i = 0; i < p.width; ++i) {
      store(to + i * p.channels + c, relu(multiply_add(load(p.x + i * p.channels + c), scale, shift)));
    }
  }
}

void plane_conv_row(const PlaneConvRowParams& p) {
  constexpr int kPixels = sums_in_flight(8);
  int64_t x = 0;
  for (; x + kPixels <= p.width; x += kPixels) convolve<kPixels>(p, x);
  for (; x < p.width; ++x) convolve<1>(p, x);
}

}  // namespace lifted::ops::LIFTED_ISA
