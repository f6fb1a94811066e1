// Linear combination of vertex offsets.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::data::heads {

struct MorphTerm {
  const float* offsets;
  float weight;
};

/// out[i] += Σ weight·offsets[i] for i < n.
LIFTED_DECLARE_ISA(void add_morphs(const MorphTerm* terms, int count, float* out, int64_t n);)

}  // namespace lifted::data::heads
