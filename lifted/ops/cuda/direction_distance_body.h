// direction_distance on a card, planar: a thread a place, neighbouring threads neighbouring places.
#pragma once

#include <cstdint>

#include "lifted/ops/core/direction.h"

namespace lifted::ops::cuda {

struct DirectionMapsOnCard {
  const float* x;       // batch × channels × plane
  const float* target;  // as x
  const float* weight;  // batch × plane; null: 1
  int64_t channels, plane;

  /// Where the place's first channel lies.
  LIFTED_BODY int64_t start(int64_t i) const { return i / plane * channels * plane + i % plane; }
};

struct PlaceMeasure {
  float inverse_x, inverse_target, cosine;
};

LIFTED_HD PlaceMeasure measure_place(const DirectionMapsOnCard& maps, int64_t i) {
  const float *x = maps.x + maps.start(i), *t = maps.target + maps.start(i);
  float xx = 0, tt = 0, xt = 0;
  for (int64_t c = 0; c < maps.channels; ++c) {
    const float a = x[c * maps.plane], b = t[c * maps.plane];
    xx += a * a, tt += b * b, xt += a * b;
  }
  const float inverse_x = core::inverse_length(xx), inverse_target = core::inverse_length(tt);
  return {inverse_x, inverse_target, xt * inverse_x * inverse_target};
}

struct DirectionDistanceThread {
  DirectionMapsOnCard maps;
  float* distance;  // batch × plane, weighted

  LIFTED_BODY void operator()(int64_t i) const {
    const PlaceMeasure m = measure_place(maps, i);
    const float *x = maps.x + maps.start(i), *t = maps.target + maps.start(i);
    float sum = 0;
    for (int64_t c = 0; c < maps.channels; ++c) {
      const float difference = x[c * maps.plane] * m.inverse_x - t[c * maps.plane] * m.inverse_target;
      sum += difference * difference;
    }
    distance[i] = maps.weight ? maps.weight[i] * sum : sum;
  }
};

struct DirectionDistanceGradientThread {
  DirectionMapsOnCard maps;
  const float* scale;  // one
  float* gradient;     // as x

  LIFTED_BODY void operator()(int64_t i) const {
    const PlaceMeasure m = measure_place(maps, i);
    const int64_t first = maps.start(i);
    // What is left of 2·(x̂ − t̂) across x̂ is 2·(cos·x̂ − t̂); dividing by |x| makes it a derivative.
    const float factor = 2 * *scale * (maps.weight ? maps.weight[i] : 1.0f) * m.inverse_x;
    const float of_x = factor * m.cosine * m.inverse_x, of_target = -factor * m.inverse_target;
    for (int64_t c = 0; c < maps.channels; ++c) {
      const int64_t at = first + c * maps.plane;
      gradient[at] = maps.x[at] * of_x + maps.target[at] * of_target;
    }
  }
};

}  // namespace lifted::ops::cuda
