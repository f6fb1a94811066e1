// Inner loops of affine_relu_plane_conv, one output row at a time.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

struct AffineReluRowParams {
  const float* x;  // width×channels
  float* y;        // (width + 2·padding)×channels: the row between two margins that stay as they are
  int64_t width, channels, padding;
  const float *scale, *shift;  // channels each
};

struct PlaneConvRowParams {
  const float* const* rows;  // kernel pointers to prepared rows
  const float* weight;       // kernel×kernel×channels
  float* y;                  // width
  float bias;
  int64_t width, channels, kernel;
};

LIFTED_DECLARE_ISA(void affine_relu_row(const AffineReluRowParams& p);
                   void plane_conv_row(const PlaneConvRowParams& p);)

}  // namespace lifted::ops
