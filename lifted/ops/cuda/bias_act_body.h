// bias_act on a card: a thread an element. T: as stored; computed in Wide<T>.
#pragma once

#include <cstdint>

#include "lifted/ops/core/activation.h"
#include "lifted/ops/core/division.h"

namespace lifted::ops::cuda {

/// Element i has channel i / inner % channels: inner is H·W in planar memory, 1 with channels innermost.
template <typename T>
struct BiasActThread {
  const T* x;
  const core::Wide<T>* bias;  // channels, or null
  T* out;
  core::Divisor inner, channels;
  core::Activation<core::Wide<T>> activation;

  LIFTED_BODY void operator()(int64_t i) const {
    using W = core::Wide<T>;
    const W offset = bias ? bias[core::divide(core::quotient(i, inner), channels).rest] : W(0);
    out[i] = static_cast<T>(core::activate(static_cast<W>(x[i]) + offset, activation));
  }
};

template <typename T>
struct BiasActGradientThread {
  const T* grad;
  const T* y;
  T* out;
  core::Activation<core::Wide<T>> activation;

  LIFTED_BODY void operator()(int64_t i) const {
    using W = core::Wide<T>;
    out[i] = static_cast<T>(static_cast<W>(grad[i]) * core::activation_derivative(static_cast<W>(y[i]), activation));
  }
};

}  // namespace lifted::ops::cuda
