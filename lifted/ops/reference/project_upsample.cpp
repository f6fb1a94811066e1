#include "lifted/ops/backends.h"

namespace lifted::ops {

Tensor reference::project_upsample(const Tensor& features, const Tensor& weight, const Tensor& x) {
  const auto inputs = features.contiguous(at::MemoryFormat::ChannelsLast);
  const auto low = x.contiguous(at::MemoryFormat::ChannelsLast);
  return torch::conv2d(inputs, weight) + torch::upsample_nearest2d(low, {features.size(2), features.size(3)});
}

}  // namespace lifted::ops
