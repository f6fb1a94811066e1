#include "lifted/ops/cpu/plane_conv_kernel.h"

#include "lifted/ops/cpu/vector16.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

/// `Pixels` neighbouring outputs from column x on; each is summed in the same order whatever Pixels is.
template <int Pixels>
void convolve(const PlaneConvRowParams& p, int64_t x) {
  Vector16 sums[Pixels] = {};
  const float* weight = p.weight;
  for (int64_t dy = 0; dy < p.kernel; ++dy) {
    const float* row = p.rows[dy] + x * p.channels;
    for (int64_t k = 0; k < p.kernel * p.channels; k += kLanes) {
      const Vector16 weights = load16(weight + k);
      for (int i = 0; i < Pixels; ++i) sums[i] = multiply_add(load16(row + i * p.channels + k), weights, sums[i]);
    }
    weight += p.kernel * p.channels;
  }
  for (int i = 0; i < Pixels; ++i) p.y[x + i] = sum16(sums[i]) + p.bias;
}

}  // namespace

void affine_relu_row(const AffineReluRowParams& p) {
  float* to = p.y + p.padding * p.channels;
  for (int64_t c = 0; c < p.channels; c += kLanes) {
    const Vector16 scale = load16(p.scale + c), shift = load16(p.shift + c);
    for (int64_t i = 0; i < p.width; ++i) {
      store16(to + i * p.channels + c, relu16(multiply_add(load16(p.x + i * p.channels + c), scale, shift)));
    }
  }
}

void plane_conv_row(const PlaneConvRowParams& p) {
  int64_t x = 0;
  for (; x + 8 <= p.width; x += 8) convolve<8>(p, x);
  for (; x < p.width; ++x) convolve<1>(p, x);
}

}  // namespace lifted::ops::LIFTED_ISA
