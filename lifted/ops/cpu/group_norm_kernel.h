// Inner loops of GroupNorm on channels_last memory. Channels come in blocks of 16.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

struct ChannelMomentsParams {
  const float* x;  // pixels×channels
  int64_t pixels, channels;
  float* mean;     // channels: of these pixels
  float* squares;  // channels: sum of (x − mean)²
};

struct AffineReluParams {
  float* x;  // pixels×channels, changed in place
  int64_t pixels, channels;
  const float *scale, *shift;  // channels each
};

LIFTED_DECLARE_ISA(void channel_moments(const ChannelMomentsParams& p); void affine_relu(const AffineReluParams& p);)

}  // namespace lifted::ops
