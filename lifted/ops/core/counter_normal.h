// Standard normal numbers out of a counter: Philox4x32-10 (Salmon et al. 2011) and Box-Muller.
#pragma once

#include <cstdint>

#include "lifted/ops/core/host_device.h"

namespace lifted::ops::core {

struct FourWords {
  uint32_t word[4];
};
struct FourNormals {
  float value[4];
};

/// The block of random words at `counter` of the stream `key`.
LIFTED_HD FourWords philox(uint64_t key, uint64_t counter) {
  uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
  FourWords c = {{static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), 0, 0}};
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * c.word[0], b = uint64_t{0xCD9E8D57} * c.word[2];
    c = {{static_cast<uint32_t>(b >> 32) ^ c.word[1] ^ key0, static_cast<uint32_t>(b),
          static_cast<uint32_t>(a >> 32) ^ c.word[3] ^ key1, static_cast<uint32_t>(a)}};
    key0 += 0x9E3779B9, key1 += 0xBB67AE85;
  }
  return c;
}

/// A pair of independent normal numbers out of two words. None is beyond ±5.8: 24 bits of each word count.
LIFTED_HD void normal_pair(uint32_t a, uint32_t b, float* first, float* second) {
  constexpr float kStep = 1.0f / 16777216, kTurn = 6.283185307f;
  const float radius = __builtin_sqrtf(-2 * __builtin_logf(static_cast<float>((a >> 8) + 1) * kStep));
  const float angle = kTurn * (static_cast<float>(b >> 8) * kStep);
  *first = radius * __builtin_cosf(angle);
  *second = radius * __builtin_sinf(angle);
}

/// Numbers 4·counter … 4·counter + 3 of the stream `key`.
LIFTED_HD FourNormals counter_normals(uint64_t key, uint64_t counter) {
  const FourWords words = philox(key, counter);
  FourNormals normals;
  normal_pair(words.word[0], words.word[1], &normals.value[0], &normals.value[1]);
  normal_pair(words.word[2], words.word[3], &normals.value[2], &normals.value[3]);
  return normals;
}

}  // namespace lifted::ops::core
