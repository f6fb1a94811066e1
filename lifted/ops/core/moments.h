// Mean and spread of a set of values, and of two sets together.
#pragma once

#include "lifted/ops/core/host_device.h"

namespace lifted::ops::core {

/// Mean and sum of squared deviations of `count` values.
struct Moments {
  double count, mean, squares;
};

/// Of both sets together, after Chan et al.
LIFTED_HD Moments together(const Moments& a, const Moments& b) {
  const double total = a.count + b.count, difference = b.mean - a.mean;
  return {total, a.mean + difference * b.count / total,
          a.squares + b.squares + difference * difference * a.count * b.count / total};
}

/// A normalization as one multiply-add: y = scale · x + shift.
struct ScaleShift {
  float scale, shift;
};
LIFTED_HD ScaleShift normalization(const Moments& m, double epsilon, float gain, float offset) {
  const double inverse = 1 / __builtin_sqrt(m.squares / m.count + epsilon);
  return {static_cast<float>(gain * inverse), static_cast<float>(offset - m.mean * gain * inverse)};
}

}  // namespace lifted::ops::core
