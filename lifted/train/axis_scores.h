// How well numbers were read.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::train {

struct AxisScore {
  double correlation = 0;     ///< Pearson's; 0 if either side is constant
  double r2 = 0;              ///< 1 − squared error / variance of the truth; 0 if that is constant
  double absolute_error = 0;  ///< mean, in the unit of the values
  double slope = 0;           ///< of the line through read over truth (least squares); 0 if the truth is constant
  double bias = 0;            ///< mean of read − truth, in the unit of the values
};

/// read, truth: N numbers each, at least two. Error otherwise, or if one is not finite.
AxisScore axis_score(const torch::Tensor& read, const torch::Tensor& truth);

}  // namespace lifted::train
