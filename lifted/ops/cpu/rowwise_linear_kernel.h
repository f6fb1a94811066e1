// Inner loop of rowwise_linear.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

struct RowwiseLinearParams {
  const float* x;       // rows×inputs
  const float* weight;  // outputs×inputs
  const float* bias;    // outputs, or null
  float* y;             // rows×outputs
  int64_t rows, inputs, outputs;
  int64_t first_output, last_output;  // the columns of y to compute
};

LIFTED_DECLARE_ISA(void rowwise_linear(const RowwiseLinearParams& p);)

}  // namespace lifted::ops
