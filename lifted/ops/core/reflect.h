// Borders that mirror what they enclose.
#pragma once

#include <cstdint>

#include "lifted/ops/core/host_device.h"

namespace lifted::ops::core {

/// Index i of a row of `length` that goes on as its mirror image, without repeating the border: −length < i < 2·length
/// − 1.
LIFTED_HD int64_t reflect(int64_t i, int64_t length) {
  if (i < 0) return -i;
  return i < length ? i : 2 * (length - 1) - i;
}

}  // namespace lifted::ops::core
