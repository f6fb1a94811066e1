#include "lifted/train/adam_kernel.h"

#include <cmath>

namespace lifted::train::LIFTED_ISA {

void adam_update(const AdamKernelParams& p) {
  float* __restrict parameter = p.parameter;
  float* __restrict square = p.square;
  const float beta1 = p.beta1, beta2 = p.beta2, rest1 = 1 - p.beta1, rest2 = 1 - p.beta2;
  for (int64_t i = p.begin; i < p.end; ++i) {
    const float gradient = (p.gradient ? p.gradient[i] : 0.0f) + p.weight_decay * parameter[i];
    const float mean = p.mean ? p.mean[i] * beta1 + rest1 * gradient : gradient;
    if (p.mean) p.mean[i] = mean;
    square[i] = square[i] * beta2 + rest2 * gradient * gradient;
    parameter[i] -= p.step_size * mean / (std::sqrt(square[i]) / p.square_root_correction + p.epsilon);
  }
}

}  // namespace lifted::train::LIFTED_ISA
