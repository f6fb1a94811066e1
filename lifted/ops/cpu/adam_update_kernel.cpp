#include "lifted/ops/cpu/adam_update_kernel.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

template <bool kHasMean>
void update(const AdamUpdateKernelParams& p) {
  float* __restrict parameter = p.parameter;
  float* __restrict square = p.square;
  float* __restrict mean = p.mean;
  const core::AdamFactors factors = p.factors;
  for (int64_t i = p.begin; i < p.end; ++i) {
    core::adam_element(factors, p.gradient ? p.gradient[i] : 0.0f, parameter + i, kHasMean ? mean + i : nullptr,
                       square + i);
  }
}

}  // namespace

void adam_update(const AdamUpdateKernelParams& p) {
  p.mean ? update<true>(p) : update<false>(p);
}

}  // namespace lifted::ops::LIFTED_ISA
