// Maxima and means of 3×3 windows, channels innermost.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

/// Windows lie `stride` apart, the first at −padding; what is outside the picture does not count. Sizes and steps of
/// one picture in floats.
struct Pool3x3 {
  const float* from;
  float* to;
  int64_t height, width, channels, row_step, pixel_step;
  int64_t out_height, out_width, out_row_step, out_pixel_step;
  int64_t stride, padding;
  bool mean, relu;  // the mean, else the maximum; then at least 0
};

LIFTED_DECLARE_ISA(void pool3x3(const Pool3x3& p);)

}  // namespace lifted::ops
