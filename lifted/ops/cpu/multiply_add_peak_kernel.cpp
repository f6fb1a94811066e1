#include "lifted/ops/cpu/multiply_add_peak_kernel.h"

#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {

void multiply_add_peak(MultiplyAddPeak& p) {
  const F16 factor = broadcast(p.factor), addend = broadcast(p.addend);
  F16 sums[kAccumulators];
  for (auto& sum : sums) sum = load(p.sums);
  for (int64_t i = 0; i < p.rounds; ++i) {
#pragma GCC unroll 32
    for (int k = 0; k < kAccumulators; ++k) sums[k] = multiply_add(sums[k], factor, addend);
  }
  F16 total = broadcast(0);
  for (const auto& sum : sums) total = total + sum;
  store(p.sums, total);
  p.multiply_adds = kAccumulators * 16;
}

}  // namespace lifted::ops::LIFTED_ISA
