// What follows a styled convolution, in one pass: demodulation, noise, bias and activation. A thread an element.
#pragma once

#include <cstdint>

#include "lifted/ops/core/activation.h"

namespace lifted::ops::cuda {

/// Element i has channel i / inner % channels and pixel i / outer % pixels: inner is H·W and outer 1 in planar memory,
/// 1 and C with channels innermost.
template <typename T>
struct StyledEpilogueThread {
  T* x;                    // batch × (channels and pixels), changed in place
  const float* out_scale;  // batch × channels, or null
  const float* noise;      // pixels of each sample, noise_stride apart (0: one for all), or null
  const float* bias;       // channels, or null
  float noise_strength;
  int64_t noise_stride, channels, pixels, inner, outer;
  core::Activation<float> activation;

  LIFTED_BODY void operator()(int64_t i) const {
    const int64_t b = i / (channels * pixels), c = i / inner % channels, pixel = i / outer % pixels;
    float v = static_cast<float>(x[i]);
    if (out_scale) v *= out_scale[b * channels + c];
    if (noise) v += noise[b * noise_stride + pixel] * noise_strength;
    if (bias) v += bias[c];
    x[i] = static_cast<T>(core::activate(v, activation));
  }
};

}  // namespace lifted::ops::cuda
