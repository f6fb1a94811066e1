// Seeded, stateless noise: a function of position and seed only, so that paint is the same in every view and at every
// resolution.
#pragma once

#include <cstdint>

#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads {

/// Hash of an integer lattice point.
LIFTED_INLINE uint32_t lattice_hash(int32_t x, int32_t y, int32_t z, uint32_t seed) {
  uint32_t h = seed * 0x9E3779B9u + static_cast<uint32_t>(x) * 0x85EBCA6Bu + static_cast<uint32_t>(y) * 0xC2B2AE35u +
               static_cast<uint32_t>(z) * 0x27D4EB2Fu;
  h ^= h >> 15;
  h *= 0x2C1B3C6Du;
  h ^= h >> 12;
  h *= 0x297A2D39u;
  return h ^ (h >> 15);
}

/// A lattice value in [0, 1).
LIFTED_INLINE float lattice_unit(int32_t x, int32_t y, int32_t z, uint32_t seed) {
  return static_cast<float>(static_cast<int32_t>(lattice_hash(x, y, z, seed) >> 8)) * (1.0f / 16777216.0f);
}

LIFTED_INLINE float quintic_fade(float t) {
  return t * t * t * (t * (t * 6 - 15) + 10);
}

/// Value noise in [-1, 1]: lattice values, trilinear with quintic fade.
LIFTED_INLINE float value_noise(float x, float y, float z, uint32_t seed) {
  const int32_t i = floor_to_int(x), j = floor_to_int(y), k = floor_to_int(z);
  const float u = quintic_fade(x - static_cast<float>(i)), v = quintic_fade(y - static_cast<float>(j)),
              w = quintic_fade(z - static_cast<float>(k));
  const float c00 = mix(lattice_unit(i, j, k, seed), lattice_unit(i + 1, j, k, seed), u);
  const float c10 = mix(lattice_unit(i, j + 1, k, seed), lattice_unit(i + 1, j + 1, k, seed), u);
  const float c01 = mix(lattice_unit(i, j, k + 1, seed), lattice_unit(i + 1, j, k + 1, seed), u);
  const float c11 = mix(lattice_unit(i, j + 1, k + 1, seed), lattice_unit(i + 1, j + 1, k + 1, seed), u);
  return 2 * mix(mix(c00, c10, v), mix(c01, c11, v), w) - 1;
}

/// Three octaves of value noise, each half as strong and twice as fine as the one before; in [-1, 1].
LIFTED_INLINE float fractal_noise(float x, float y, float z, uint32_t seed) {
  float sum = value_noise(x, y, z, seed);
  sum += 0.5f * value_noise(2 * x + 17.3f, 2 * y + 17.3f, 2 * z + 17.3f, seed + 1);
  sum += 0.25f * value_noise(4 * x + 34.6f, 4 * y + 34.6f, 4 * z + 34.6f, seed + 2);
  return sum / 1.75f;
}

struct WorleyPoint {
  float distance;  ///< to the nearest jittered cell point
  float value;     ///< that cell's random number in [0, 1)
};

/// Nearest of one jittered point per unit cell.
LIFTED_INLINE WorleyPoint worley_noise(float x, float y, float z, uint32_t seed) {
  const int32_t i = floor_to_int(x), j = floor_to_int(y), k = floor_to_int(z);
  float best = 1e9f, value = 0;
  for (int dz = -1; dz <= 1; ++dz)
    for (int dy = -1; dy <= 1; ++dy)
      for (int dx = -1; dx <= 1; ++dx) {
        const int32_t a = i + dx, b = j + dy, c = k + dz;
        const float px = static_cast<float>(a) + lattice_unit(a, b, c, seed) - x;
        const float py = static_cast<float>(b) + lattice_unit(a, b, c, seed ^ 0x51ED27u) - y;
        const float pz = static_cast<float>(c) + lattice_unit(a, b, c, seed ^ 0x7F4A7Cu) - z;
        const float d = px * px + py * py + pz * pz;
        const float cell = lattice_unit(a, b, c, seed ^ 0x1234567u);
        value = d < best ? cell : value;
        best = min_of(d, best);
      }
  return {square_root(best), value};
}

}  // namespace lifted::data::heads
