// Which way a cat's fur lies: away from the nose.
#pragma once

#include "lifted/data/heads/noise.h"

namespace lifted::data::heads::cat {

/// A place in the fur: the direction away from the nose in the frontal view, and cm along the strands.
struct FurPoint {
  float cosine, sine, along;
};
LIFTED_INLINE FurPoint fur_point(float x, float y, float z) {
  const float dy = y + 1.2f, across = square_root(x * x + dy * dy + 0.01f), inverse = 1 / across;
  return {x * inverse, dy * inverse, across + 0.8f * max_of(4 - z, 0)};
}

/// Strands as noise in -1 … 1; `count` of them to a radian.
LIFTED_INLINE float strands(FurPoint p, float count, uint32_t seed) {
  return value_noise(count * p.cosine, count * p.sine, 1.1f * p.along, seed);
}

}  // namespace lifted::data::heads::cat
