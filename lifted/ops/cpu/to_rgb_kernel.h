// Inner loops of the fused ToRGB layer (inference), free of torch.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

struct ToRgbParams {
  const float* x = nullptr;       // B×H×W×channels
  const float* weight = nullptr;  // B×3×padded_channels
  const float* bias = nullptr;    // 3
  const float* skip = nullptr;    // B×3×H/2×W/2, or null
  float* out = nullptr;           // B×3×H×W
  int64_t height = 0, width = 0, channels = 0, padded_channels = 0;
  float clamp = 0;  // infinity for none
  float fir[4] = {};
};

/// Rows [begin, end), counted through all images. line: width/2 + 2 floats of scratch, zero at both ends.
LIFTED_DECLARE_ISA(void to_rgb_rows(const ToRgbParams& p, int64_t begin, int64_t end, float* line);)

}  // namespace lifted::ops
