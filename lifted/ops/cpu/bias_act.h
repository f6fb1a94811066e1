// CPU implementations behind the dispatcher's lifted::bias_act and lifted::bias_act_gradient.
#pragma once

#include "lifted/base/torch_compat.h"

namespace lifted::ops::cpu {

torch::Tensor bias_act(const torch::Tensor& x, const OptionalTensor& bias, double slope, double gain, double clamp);
torch::Tensor bias_act_gradient(const torch::Tensor& grad, const torch::Tensor& y, double slope, double gain,
                                double clamp);

}  // namespace lifted::ops::cpu
