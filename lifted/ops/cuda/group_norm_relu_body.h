// GroupNorm and ReLU on a card, channels innermost: moments of chunks of pixels, of groups, then one multiply-add.
#pragma once

#include <cstdint>

#include "lifted/ops/core/division.h"
#include "lifted/ops/core/moments.h"

namespace lifted::ops::cuda {

constexpr int64_t kChunkPixels = 512;

template <typename T>
struct ChunkMomentsThread {  // a thread a sample, chunk and channel, in that order of memory
  const T* x;                // batch × pixels × channels
  float* mean;               // batch × chunks × channels
  float* squares;            // sum of squared deviations
  int64_t pixels, channels, chunks;

  LIFTED_BODY void operator()(int64_t i) const {
    const int64_t c = i % channels, chunk = i / channels % chunks, sample = i / channels / chunks;
    const int64_t first = chunk * kChunkPixels, left = pixels - first,
                  count = left < kChunkPixels ? left : kChunkPixels;
    const T* from = x + (sample * pixels + first) * channels + c;
    float sum = 0, spread = 0;
    for (int64_t k = 0; k < count; ++k) sum += static_cast<float>(from[k * channels]);
    const float middle = sum / static_cast<float>(count);
    for (int64_t k = 0; k < count; ++k) {
      const float difference = static_cast<float>(from[k * channels]) - middle;
      spread += difference * difference;
    }
    mean[i] = middle;
    squares[i] = spread;
  }
};

struct GroupAffineThread {  // a thread a sample and group
  const float* mean;
  const float* squares;
  const float* weight;
  const float* bias;         // channels each
  core::ScaleShift* affine;  // batch × channels
  int64_t pixels, channels, chunks, groups;
  double epsilon;

  LIFTED_BODY void operator()(int64_t i) const {
    const int64_t sample = i / groups, width = channels / groups, first = i % groups * width;
    core::Moments total = {0, 0, 0};
    for (int64_t k = 0; k < chunks; ++k) {
      const int64_t left = pixels - k * kChunkPixels;
      const auto count = static_cast<double>(left < kChunkPixels ? left : kChunkPixels);
      const int64_t at = (sample * chunks + k) * channels + first;
      for (int64_t c = 0; c < width; ++c) total = core::together(total, {count, mean[at + c], squares[at + c]});
    }
    for (int64_t c = first; c < first + width; ++c) {
      affine[sample * channels + c] = core::normalization(total, epsilon, weight[c], bias[c]);
    }
  }
};

template <typename T>
struct AffineReluThread {  // a thread an element
  T* x;                    // changed in place
  const core::ScaleShift* affine;
  core::Divisor pixels, channels;

  LIFTED_BODY void operator()(int64_t i) const {
    const core::Division at = core::divide(i, channels);
    const core::ScaleShift a = affine[core::quotient(at.quotient, pixels) * channels.by + at.rest];
    const float v = static_cast<float>(x[i]) * a.scale + a.shift;
    x[i] = static_cast<T>(v < 0 ? 0 : v);
  }
};

}  // namespace lifted::ops::cuda
