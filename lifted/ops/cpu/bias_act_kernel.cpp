#include "lifted/ops/cpu/bias_act_kernel.h"

#include "lifted/ops/core/activation.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

template <typename T>
void forward(const BiasActParams<T>& p, int64_t begin, int64_t end) {
  const core::Activation<T> a = {p.slope, p.gain, p.clamp};
  for (int64_t run = begin; run < end; ++run) {
    const T* x = p.x + run * p.length;
    T* out = p.out + run * p.length;
    if (p.bias && p.channels_innermost) {
      for (int64_t i = 0; i < p.length; ++i) out[i] = core::activate(x[i] + p.bias[i], a);
    } else {
      const T bias = p.bias ? p.bias[run % p.channels] : T(0);
      for (int64_t i = 0; i < p.length; ++i) out[i] = core::activate(x[i] + bias, a);
    }
  }
}

template <typename T>
void gradient(const BiasActParams<T>& p, int64_t begin, int64_t end) {
  const core::Activation<T> a = {p.slope, p.gain, p.clamp};
  for (int64_t i = begin * p.length; i < end * p.length; ++i) {
    p.out[i] = p.x[i] * core::activation_derivative(p.y[i], a);
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
