// Random numbers on a card: a thread makes four.
#pragma once

#include <cstdint>

#include "lifted/ops/core/counter_normal.h"

namespace lifted::ops::cuda {

struct CounterNormalThread {
  float* out;
  int64_t count;
  uint64_t key, block;

  LIFTED_BODY void operator()(int64_t i) const {
    const core::FourNormals normals = core::counter_normals(key, block + static_cast<uint64_t>(i));
    for (int j = 0; j < 4; ++j) {
      if (4 * i + j < count) out[4 * i + j] = normals.value[j];
    }
  }
};

}  // namespace lifted::ops::cuda
