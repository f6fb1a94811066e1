#include "lifted/ops/cpu/project_upsample_kernel.h"

#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

/// `Pixels` (even) neighbouring outputs from column x on, 16 channels from c on.
template <int Pixels>
void project(const ProjectUpsampleRowParams& p, int64_t x, int64_t c) {
  Floats16 sums[Pixels];
  for (int i = 0; i < Pixels; ++i) sums[i] = load(p.x + (x + i) / 2 * p.channels + c);
  const float* features = p.features + x * p.inputs;
  for (int64_t k = 0; k < p.inputs; ++k) {
    const Floats16 weights = load(p.weight + k * p.channels + c);
    for (int i = 0; i < Pixels; ++i) sums[i] = multiply_add(broadcast(features[i * p.inputs + k]), weights, sums[i]);
  }
  for (int i = 0; i < Pixels; ++i) store(p.y + (x + i) * p.channels + c, sums[i]);
}

}  // namespace

void project_upsample_row(const ProjectUpsampleRowParams& p) {
  constexpr int kPixels = sums_in_flight(16);
  static_assert(kPixels % 2 == 0);
  for (int64_t c = 0; c < p.channels; c += kLanes16) {
    int64_t x = 0;
    for (; x + kPixels <= p.width; x += kPixels) project<kPixels>(p, x, c);
    for (; x < p.width; x += 2) project<2>(p, x, c);
  }
}

}  // namespace lifted::ops::LIFTED_ISA
