// What follows a styled convolution, in one pass: demodulation, noise, bias and activation. A thread an element.
#pragma once

#include <cstdint>

#include "lifted/ops/core/activation.h"
#include "lifted/ops/core/division.h"

namespace lifted::ops::cuda {

/// Channels are innermost.
template <typename T>
struct StyledEpilogueThread {
  T* x;                    // batch × pixels × channels, changed in place
  const float* out_scale;  // batch × channels, or null
  const float* noise;      // pixels of each sample, noise_stride apart (0: one for all), or null
  const float* bias;       // channels, or null
  float noise_strength;
  int64_t noise_stride;
  core::Divisor channels, pixels;
  core::Activation<float> activation;

  LIFTED_BODY void operator()(int64_t i) const {
    const core::Division at = core::divide(i, channels), place = core::divide(at.quotient, pixels);
    const int64_t b = place.quotient, c = at.rest;
    float v = static_cast<float>(x[i]);
    if (out_scale) v *= out_scale[b * channels.by + c];
    if (noise) v += noise[b * noise_stride + place.rest] * noise_strength;
    if (bias) v += bias[c];
    x[i] = static_cast<T>(core::activate(v, activation));
  }
};

}  // namespace lifted::ops::cuda
