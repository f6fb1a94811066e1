// Leaky ReLU, gain and clamp.
#pragma once

#include "lifted/ops/core/host_device.h"

namespace lifted::ops::core {

template <typename T>
struct Activation {
  T slope, gain;
  T clamp;  // negative: none
};

/// NaN passes.
template <typename T>
LIFTED_HD T activate(T v, const Activation<T>& a) {
  v = (v > T(0) ? v : v * a.slope) * a.gain;
  if (a.clamp >= T(0)) {
    v = v > a.clamp ? a.clamp : v;
    v = v < -a.clamp ? -a.clamp : v;
  }
  return v;
}

/// dy/dv from y = activate(v). Where the clamp acted |y| equals it exactly, and the derivative is zero.
template <typename T>
LIFTED_HD T activation_derivative(T y, const Activation<T>& a) {
  const T slope = y > T(0) ? a.gain : a.slope * a.gain;
  if (a.clamp < T(0)) return slope;
  return y < a.clamp && y > -a.clamp ? slope : T(0);
}

}  // namespace lifted::ops::core
