// Inner loops of bias_act, free of torch. A tensor is `planes` runs of `length` elements: with channels innermost each
// run is one pixel and the bias varies along it; with planar layout each run is one channel of one sample and the bias
// is constant on it.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

template <typename T>
struct BiasActParams {
  const T* x = nullptr;     // forward: input; gradient: incoming gradient
  const T* y = nullptr;     // gradient only: output of the forward pass, whose sign and size select the branch
  const T* bias = nullptr;  // forward only; may be null
  T* out = nullptr;
  int64_t length = 0;               // elements per run
  int64_t channels = 0;             // bias entries
  bool channels_innermost = false;  // the bias varies along a run
  T slope = 0, gain = 0;
  T clamp = -1;  // negative: none
};

LIFTED_DECLARE_ISA(void bias_act_forward(const BiasActParams<float>& p, int64_t begin, int64_t end);
                   void bias_act_forward(const BiasActParams<double>& p, int64_t begin, int64_t end);
                   void bias_act_gradient(const BiasActParams<float>& p, int64_t begin, int64_t end);
                   void bias_act_gradient(const BiasActParams<double>& p, int64_t begin, int64_t end);)

}  // namespace lifted::ops
