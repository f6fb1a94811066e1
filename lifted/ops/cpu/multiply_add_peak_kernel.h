// Nothing but multiply-adds: what a core can do at most.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

struct MultiplyAddPeak {
  int64_t rounds;
  float factor, addend;   // unknown to the compiler
  float* sums;            // 16
  int64_t multiply_adds;  // of one round, filled in
};

LIFTED_DECLARE_ISA(void multiply_add_peak(MultiplyAddPeak& p);)

}  // namespace lifted::ops
