#include "lifted/ops/cpu/multiply_add_peak_kernel.h"

#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {

void multiply_add_peak(MultiplyAddPeak& p) {
  const F16 factor = broadcast(p.factor), addend = broadcast(p.addend);
  F16 sums[kAccumulators];
  // Every loop over the sums is unrolled, or they would lie in memory; and they start apart, or the
  // compiler would compute one of them.
#pragma GCC unroll 32
  for (int k = 0; k < kAccumulators; ++k) sums[k] = load(p.sums + k * 16);
  for (int64_t i = 0; i < p.rounds; ++i) {
#pragma GCC unroll 32
    for (int k = 0; k < kAccumulators; ++k) sums[k] = multiply_add(sums[k], factor, addend);
  }
  F16 total = broadcast(0);
#pragma GCC unroll 32
  for (int k = 0; k < kAccumulators; ++k) total = total + sums[k];
  store(p.sums, total);
  p.multiply_adds = kAccumulators * 16;
}

}  // namespace lifted::ops::LIFTED_ISA
