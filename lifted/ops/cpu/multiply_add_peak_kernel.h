// Nothing but multiply-adds: what a core can do at most.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

constexpr int64_t kMostSums = 24 * 16;

struct MultiplyAddPeak {
  int64_t rounds;
  float factor, addend;   // unknown to the compiler
  float* sums;            // kMostSums, what the multiply-adds start from
  int64_t multiply_adds;  // of one round, filled in
};

LIFTED_DECLARE_ISA(void multiply_add_peak(MultiplyAddPeak& p);)

}  // namespace lifted::ops
