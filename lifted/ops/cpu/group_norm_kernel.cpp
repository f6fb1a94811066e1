#include "lifted/ops/cpu/group_norm_kernel.h"

#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {

void channel_moments(const ChannelMomentsParams& p) {
  for (int64_t c = 0; c < p.channels; c += kLanes16) {
    // Two sums in flight hide the latency of the additions.
    Floats16 sums[2] = {};
    for (int64_t i = 0; i < p.pixels; ++i) sums[i % 2] = sums[i % 2] + load(p.x + i * p.channels + c);
    const Floats16 mean = (sums[0] + sums[1]) * broadcast(1.0f / static_cast<float>(p.pixels));
    Floats16 squares[2] = {};
    for (int64_t i = 0; i < p.pixels; ++i) {
      const Floats16 difference = load(p.x + i * p.channels + c) - mean;
      squares[i % 2] = multiply_add(difference, difference, squares[i % 2]);
    }
    store(p.mean + c, mean);
    store(p.squares + c, squares[0] + squares[1]);
  }
}

void affine_relu(const AffineReluParams& p) {
  for (int64_t c = 0; c < p.channels; c += kLanes16) {
    const Floats16 scale = load(p.scale + c), shift = load(p.shift + c);
    for (int64_t i = 0; i < p.pixels; ++i) {
      float* at = p.x + i * p.channels + c;
      store(at, relu(multiply_add(load(at), scale, shift)));
    }
  }
}

}  // namespace lifted::ops::LIFTED_ISA
