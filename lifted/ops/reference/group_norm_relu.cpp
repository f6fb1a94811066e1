#include "lifted/ops/backends.h"
#include "lifted/ops/convolution.h"

namespace lifted::ops {

Tensor reference::group_norm_relu(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias,
                                  double eps) {
  return torch::relu(torch::group_norm(x, groups, weight, bias, eps));
}

Tensor reference::group_norm_relu_conv(const Tensor& x, int64_t groups, const Tensor& norm_weight,
                                       const Tensor& norm_bias, double eps, const Tensor& weight,
                                       const OptionalTensor& bias) {
  const auto normalized =
      group_norm_relu(x.contiguous(at::MemoryFormat::ChannelsLast), groups, norm_weight, norm_bias, eps);
  return conv2d(normalized.contiguous(at::MemoryFormat::ChannelsLast), weight, {.padding = weight.size(2) / 2},
                bias.value_or(Tensor()));
}

}  // namespace lifted::ops
