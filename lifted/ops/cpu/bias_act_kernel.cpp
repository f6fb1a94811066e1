#include "lifted/ops/cpu/bias_act_kernel.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

template <typename T>
T activate(T v, const BiasActParams<T>& p) {
  v = (v > T(0) ? v : v * p.slope) * p.gain;
  if (p.clamp >= T(0)) {
    v = v > p.clamp ? p.clamp : v;
    v = v < -p.clamp ? -p.clamp : v;
  }
  return v;
}

template <typename T>
void forward(const BiasActParams<T>& p, int64_t begin, int64_t end) {
  for (int64_t run = begin; run < end; ++run) {
    const T* x = p.x + run * p.length;
    T* out = p.out + run * p.length;
    if (p.bias && p.channels_innermost) {
      for (int64_t i = 0; i < p.length; ++i) out[i] = activate(x[i] + p.bias[i], p);
    } else {
      const T bias = p.bias ? p.bias[run % p.channels] : T(0);
      for (int64_t i = 0; i < p.length; ++i) out[i] = activate(x[i] + bias, p);
    }
  }
}

// Where the clamp acted |y| equals it exactly, and the gradient is zero.
template <typename T>
void gradient(const BiasActParams<T>& p, int64_t begin, int64_t end) {
  const T negative = p.slope * p.gain;
  for (int64_t i = begin * p.length; i < end * p.length; ++i) {
    const T y = p.y[i];
    T slope = y > T(0) ? p.gain : negative;
    if (p.clamp >= T(0)) slope = y < p.clamp && y > -p.clamp ? slope : T(0);
    p.out[i] = p.x[i] * slope;
  }
}

}  // namespace

void bias_act_forward(const BiasActParams<float>& p, int64_t begin, int64_t end) {
  forward(p, begin, end);
}
void bias_act_forward(const BiasActParams<double>& p, int64_t begin, int64_t end) {
  forward(p, begin, end);
}
void bias_act_gradient(const BiasActParams<float>& p, int64_t begin, int64_t end) {
  gradient(p, begin, end);
}
void bias_act_gradient(const BiasActParams<double>& p, int64_t begin, int64_t end) {
  gradient(p, begin, end);
}

}  // namespace lifted::ops::LIFTED_ISA
