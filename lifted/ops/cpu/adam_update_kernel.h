// Adam's update in one pass over memory.
#pragma once

#include <cstdint>

#include "lifted/ops/core/adam.h"
#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

struct AdamUpdateKernelParams {
  float* parameter = nullptr;
  const float* gradient = nullptr;  // null: zero
  float* mean = nullptr;            // null where beta1 is 0
  float* square = nullptr;
  int64_t begin = 0, end = 0;  // elements to update
  core::AdamFactors factors{};
};

LIFTED_DECLARE_ISA(void adam_update(const AdamUpdateKernelParams& params);)

}  // namespace lifted::ops
