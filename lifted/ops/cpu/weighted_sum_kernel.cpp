#include "lifted/ops/cpu/weighted_sum_kernel.h"

#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {

void weighted_sum(const WeightedSumParams& p) {
  int64_t i = 0;
  for (; i + kLanes16 <= p.length; i += kLanes16) {
    Floats16 sum = broadcast(0);
    for (int64_t k = 0; k < p.count; ++k) sum = multiply_add(load(p.sources[k] + i), broadcast(p.weights[k]), sum);
    store(p.y + i, sum);
  }
  for (; i < p.length; ++i) {
    float sum = 0;
    for (int64_t k = 0; k < p.count; ++k) sum += p.sources[k][i] * p.weights[k];
    p.y[i] = sum;
  }
}

}  // namespace lifted::ops::LIFTED_ISA
