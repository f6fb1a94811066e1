#include "lifted/ops/cpu/project_upsample_kernel.h"

#include "lifted/ops/cpu/vector16.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

/// `Pixels` (even) neighbouring outputs from column x on, 16 channels from c on.
template <int Pixels>
void project(const ProjectUpsampleRowParams& p, int64_t x, int64_t c) {
  Vector16 sums[Pixels];
  for (int i = 0; i < Pixels; ++i) sums[i] = load16(p.x + (x + i) / 2 * p.channels + c);
  const float* features = p.features + x * p.inputs;
  for (int64_t k = 0; k < p.inputs; ++k) {
    const Vector16 weights = load16(p.weight + k * p.channels + c);
    for (int i = 0; i < Pixels; ++i) sums[i] = multiply_add(fill16(features[i * p.inputs + k]), weights, sums[i]);
  }
  for (int i = 0; i < Pixels; ++i) store16(p.y + (x + i) * p.channels + c, sums[i]);
}

}  // namespace

void project_upsample_row(const ProjectUpsampleRowParams& p) {
  for (int64_t c = 0; c < p.channels; c += kLanes) {
    int64_t x = 0;
    for (; x + 16 <= p.width; x += 16) project<16>(p, x, c);
    for (; x < p.width; x += 2) project<2>(p, x, c);
  }
}

}  // namespace lifted::ops::LIFTED_ISA
