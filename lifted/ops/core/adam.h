// Adam (Kingma and Ba 2015), one element.
#pragma once

#include "lifted/ops/core/host_device.h"

namespace lifted::ops::core {

struct AdamFactors {
  float beta1, beta2, epsilon;
  float weight_decay;            // L2, inside the gradient
  float step_size;               // lr / (1 − beta1^t)
  float square_root_correction;  // sqrt(1 − beta2^t)
};

/// mean: the running mean of the gradient; null where beta1 is 0 and it is the gradient itself.
LIFTED_HD void adam_element(const AdamFactors& f, float gradient, float* parameter, float* mean, float* square) {
  const float g = gradient + f.weight_decay * *parameter;
  const float direction = mean ? *mean * f.beta1 + (1 - f.beta1) * g : g;
  if (mean) *mean = direction;
  *square = *square * f.beta2 + (1 - f.beta2) * g * g;
  *parameter -= f.step_size * direction / (__builtin_sqrtf(*square) / f.square_root_correction + f.epsilon);
}

}  // namespace lifted::ops::core
