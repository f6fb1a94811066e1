// Adam's update in one pass over memory.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::train {

struct AdamKernelParams {
  float* parameter = nullptr;
  const float* gradient = nullptr;  // null: zero
  float* mean = nullptr;            // running mean of the gradient; null where beta1 is 0 and it is the gradient itself
  float* square = nullptr;          // running mean of its square
  int64_t begin = 0, end = 0;       // elements to update
  float beta1 = 0, beta2 = 0, epsilon = 0, weight_decay = 0;
  float step_size = 0;               // lr / (1 − beta1^t)
  float square_root_correction = 0;  // sqrt(1 − beta2^t)
};

LIFTED_DECLARE_ISA(void adam_update(const AdamKernelParams& params);)

}  // namespace lifted::train
