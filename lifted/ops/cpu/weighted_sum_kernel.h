// A weighted sum of several arrays: the inner loop of separable filters.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

struct WeightedSumParams {
  const float* const* sources;  // count arrays of `length` floats
  const float* weights;         // count
  float* y;                     // length
  int64_t count, length;
};

LIFTED_DECLARE_ISA(void weighted_sum(const WeightedSumParams& p);)

}  // namespace lifted::ops
