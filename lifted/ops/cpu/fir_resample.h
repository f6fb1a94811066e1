// CPU implementation behind the dispatcher's lifted::fir_resample.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::ops::cpu {

/// factors: up_x, up_y, down_x, down_y; pads: x0, x1, y0, y1.
torch::Tensor fir_resample(const torch::Tensor& x, const torch::Tensor& kernel, at::IntArrayRef factors,
                           at::IntArrayRef pads);

}  // namespace lifted::ops::cpu
