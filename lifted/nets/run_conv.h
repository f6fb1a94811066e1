// Convolution modules keep published names and shapes; ops/convolution.h does their work.
#pragma once

#include "lifted/base/torch_nn.h"
#include "lifted/ops/convolution.h"

namespace lifted::nets {

/// What the module's forward returns. Square stride, zeros around the picture, one group.
inline torch::Tensor run_conv(const torch::nn::Conv2dImpl& conv, const torch::Tensor& x) {
  const auto padding = get<torch::ExpandingArray<2>>(conv.options.padding());
  return ops::conv2d(x, conv.weight,
                     {.stride = conv.options.stride()->at(0), .padding = {padding->at(0), padding->at(1)}}, conv.bias);
}

}  // namespace lifted::nets
