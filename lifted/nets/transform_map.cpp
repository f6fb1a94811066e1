#include "lifted/nets/transform_map.h"

#include "lifted/base/device.h"
#include "lifted/nets/mlp.h"
#include "lifted/nets/upsampler.h"
#include "lifted/ops/convolution.h"
#include "lifted/ops/group_norm_relu.h"

namespace lifted::nets {
namespace {

// Entries of the published Sequential: upconv, ReLU; then three per level; then upsample, conv3, norm, ReLU, conv5.
constexpr size_t kFirstMapLevel = 2, kPerMapLevel = 3, kTail = 5;

torch::nn::Sequential make_map_network(const LiftingConfig& config) {
  const int last = config.widths.back();
  torch::nn::Sequential network(make_first_upconv(last, config.widths.front()), torch::nn::ReLU());
  for (size_t level = 1; level < config.widths.size(); ++level) {
    network->push_back(make_upconv(config.widths[level - 1], config.widths[level]));
    network->push_back(make_norm(config.widths[level]));
    network->push_back(torch::nn::ReLU());
  }
  network->push_back(
      torch::nn::Upsample(torch::nn::UpsampleOptions().scale_factor(std::vector<double>{2, 2}).mode(torch::kNearest)));
  network->push_back(make_conv(last, last, 3));
  network->push_back(make_norm(last));
  network->push_back(torch::nn::ReLU());
  network->push_back(make_conv(last, 1, 5));
  return network;
}

/// The 4×4 kernel (in×out) whose stride-2 transposed convolution equals nearest ×2 followed by the 3×3 convolution
/// `weight` (out×in): an even row sees tap 0 on the pixel before it and taps 1 + 2 on its own, an odd row 0 + 1 and 2
/// on the one after.
torch::Tensor merged_upsampling_kernel(const torch::Tensor& weight) {
  const torch::Tensor merge = constant({0, 0, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0}, {4, 3}, weight.options());
  return torch::matmul(torch::matmul(merge, weight), merge.t()).transpose(0, 1);
}

}  // namespace

TransformMapImpl::TransformMapImpl(const LiftingConfig& config)
    : mlp_(register_module("mlp", make_mlp({.in = config.style_dim,
                                            .out = config.widths.back(),
                                            .width = config.widths.back(),
                                            .end = MlpConfig::End::leaky}))),
      network_(register_module("network", make_map_network(config))) {}

torch::Tensor TransformMapImpl::forward(const torch::Tensor& w) const {
  const size_t tail = network_->size() - kTail, small = std::min(kFirstMapLevel + 2 * kPerMapLevel, tail);
  torch::Tensor x = in_fixed_batches(forward_mlp(mlp_, w),
                                     [&](const torch::Tensor& code) { return run_layers(network_, 0, small, code); });
  x = run_layers(network_, small, tail, x);

  const auto& conv3 = *network_->ptr(tail + 1)->as<torch::nn::Conv2d>();
  const auto& norm = *network_->ptr(tail + 2)->as<torch::nn::GroupNorm>();
  const auto& conv5 = *network_->ptr(tail + 4)->as<torch::nn::Conv2d>();
  x = ops::conv_transpose2d_stride2(x, merged_upsampling_kernel(conv3.weight), 1);
  return ops::group_norm_relu_conv(x, norm_of(norm), conv5.weight, {});
}

}  // namespace lifted::nets
