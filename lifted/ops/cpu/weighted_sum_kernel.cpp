#include "lifted/ops/cpu/weighted_sum_kernel.h"

#include "lifted/ops/cpu/vector16.h"

namespace lifted::ops::LIFTED_ISA {

void weighted_sum(const WeightedSumParams& p) {
  int64_t i = 0;
  for (; i + kLanes <= p.length; i += kLanes) {
    Vector16 sum{};
    for (int64_t k = 0; k < p.count; ++k) sum = multiply_add(load16(p.sources[k] + i), fill16(p.weights[k]), sum);
    store16(p.y + i, sum);
  }
  for (; i < p.length; ++i) {
    float sum = 0;
    for (int64_t k = 0; k < p.count; ++k) sum += p.sources[k][i] * p.weights[k];
    p.y[i] = sum;
  }
}

}  // namespace lifted::ops::LIFTED_ISA
