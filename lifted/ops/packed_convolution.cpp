#include "lifted/ops/packed_convolution.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "lifted/ops/convolution_choice.h"
#include "lifted/ops/cpu/direct_conv.h"
#include "lifted/ops/cpu/winograd.h"

namespace lifted::ops {
using torch::Tensor;

PackedConvolution::PackedConvolution(const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options)
    : weight_((weight.detach() * options.scale).contiguous(at::MemoryFormat::ChannelsLast)), options_(options) {
  const int64_t out = weight.size(0), in = weight.size(1);
  bias_ = at::constant_pad_nd(bias.detach(), {0, (16 - out % 16) % 16}).contiguous();
  const auto policy = convolution_policy();
  if (!weight.is_cpu() || weight.scalar_type() != at::kFloat || policy == ConvolutionPolicy::libtorch) return;
  if (options.stride == 1 && policy >= ConvolutionPolicy::winograd)
    form_ = winograd_form(in, out, weight.size(2), weight.size(3));
  if (form_) {
    packed_ = pack_winograd(weight_, *form_);
  } else if (direct_conv_takes(in, out)) {
    packed_ = pack_direct(weight_);
  }
}

void PackedConvolution::run(const Tensor& x, int64_t relu_channels, Tensor y) const {
  const Padding& padding = options_.padding;
  if (form_) {
    winograd_conv2d_into(x, packed_, *form_, bias_, padding.y, padding.x, relu_channels, y);
  } else if (packed_.defined()) {
    direct_conv2d_into(x, packed_, weight_.sizes(), bias_, options_, relu_channels, y);
  } else {
    const Tensor dense = x.contiguous(at::MemoryFormat::ChannelsLast);
    const Tensor result = at::conv2d(dense, weight_, bias_.narrow(0, 0, weight_.size(0)),
                                     {options_.stride, options_.stride}, {padding.y, padding.x});
    const int64_t positive = std::min(relu_channels, result.size(1));
    if (positive > 0) result.narrow(1, 0, positive).clamp_min_(0);
    y.copy_(result);
  }
}

Tensor PackedConvolution::operator()(const Tensor& x, int64_t relu_channels) const {
  const auto size = convolved_size(x.sizes(), weight_.sizes(), options_);
  Tensor y = at::empty(size, x.options().memory_format(at::MemoryFormat::ChannelsLast));
  run(x, relu_channels, y);
  return y;
}

}  // namespace lifted::ops
