// The difference of directions, place by place, on channels_last memory: two vectors stay in the first-level cache
// while their lengths, their product and what follows from them are computed.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

struct DirectionDistanceParams {
  const float* x = nullptr;       // places×channels
  const float* target = nullptr;  // places×channels
  const float* weight = nullptr;  // places; null: 1
  int64_t begin = 0, end = 0;     // places
  int64_t channels = 0;
  double* sum = nullptr;      // result of the forward pass
  float* gradient = nullptr;  // places×channels: result of the backward pass
  float scale = 1;            // of the gradient
};

LIFTED_DECLARE_ISA(void direction_distance(const DirectionDistanceParams& p);
                   void direction_distance_gradient(const DirectionDistanceParams& p);)

}  // namespace lifted::ops
