// Inner loop of project_and_add_upsampled, one output row at a time.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

struct ProjectUpsampleRowParams {
  const float* features;            // width×inputs
  const float* weight;              // inputs×channels
  const float* x;                   // width/2×channels
  float* y;                         // width×channels
  int64_t width, inputs, channels;  // width even, channels a multiple of 16
};

LIFTED_DECLARE_ISA(void project_upsample_row(const ProjectUpsampleRowParams& p);)

}  // namespace lifted::ops
