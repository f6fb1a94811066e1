// Division of indices by a number that stays the same, without the processor's (or card's) division.
#pragma once

#include <cstdint>

#include "lifted/ops/core/host_device.h"

namespace lifted::ops::core {

/// Divides by `by` ≥ 1: below 2³¹ by a multiplication and a shift, above by a division.
struct Divisor {
  int64_t by;
  uint32_t factor;
  int32_t shift;  // negative: too large for that
};

inline Divisor divisor_of(int64_t by) {
  if (by >= int64_t(1) << 31) return {by, 0, -1};
  int32_t shift = 0;
  while (int64_t(1) << shift < by) ++shift;
  const uint64_t beyond = (uint64_t(1) << shift) - static_cast<uint64_t>(by);
  return {by, static_cast<uint32_t>((beyond << 32) / static_cast<uint64_t>(by) + 1), shift};
}

/// n / d of n ≥ 0.
LIFTED_HD int64_t quotient(int64_t n, const Divisor& d) {
  if (n >> 31 != 0 || d.shift < 0) return n / d.by;
  const auto small = static_cast<uint32_t>(n);
  const auto high = static_cast<uint32_t>(static_cast<uint64_t>(small) * d.factor >> 32);
  return (high + small) >> d.shift;
}

struct Division {
  int64_t quotient, rest;
};
LIFTED_HD Division divide(int64_t n, const Divisor& d) {
  const int64_t q = quotient(n, d);
  return {q, n - q * d.by};
}

}  // namespace lifted::ops::core
