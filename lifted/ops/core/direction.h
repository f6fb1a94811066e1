// The direction of a vector.
#pragma once

#include "lifted/ops/core/surface.h"

namespace lifted::ops::core {

/// 1 / length from the square of the length; 0 for vectors too short to have a direction.
template <typename T>
LIFTED_HD T inverse_length(T square) {
  const T length = square_root(square);
  return length <= T(1e-12) ? T(0) : 1 / length;
}

}  // namespace lifted::ops::core
