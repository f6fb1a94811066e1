#include "lifted/ops/cpu/group_norm_kernel.h"

#include "lifted/ops/cpu/vector16.h"

namespace lifted::ops::LIFTED_ISA {

void channel_moments(const ChannelMomentsParams& p) {
  for (int64_t c = 0; c < p.channels; c += kLanes) {
    // Two sums in flight hide the latency of the additions.
    Vector16 sums[2] = {};
    for (int64_t i = 0; i < p.pixels; ++i) sums[i % 2] += load16(p.x + i * p.channels + c);
    const Vector16 mean = (sums[0] + sums[1]) * (1.0f / static_cast<float>(p.pixels));
    Vector16 squares[2] = {};
    for (int64_t i = 0; i < p.pixels; ++i) {
      const Vector16 difference = load16(p.x + i * p.channels + c) - mean;
      squares[i % 2] = multiply_add(difference, difference, squares[i % 2]);
    }
    store16(p.mean + c, mean);
    store16(p.squares + c, squares[0] + squares[1]);
  }
}

void affine_relu(const AffineReluParams& p) {
  for (int64_t c = 0; c < p.channels; c += kLanes) {
    const Vector16 scale = load16(p.scale + c), shift = load16(p.shift + c);
    for (int64_t i = 0; i < p.pixels; ++i) {
      float* at = p.x + i * p.channels + c;
      store16(at, relu16(multiply_add(load16(at), scale, shift)));
    }
  }
}

}  // namespace lifted::ops::LIFTED_ISA
