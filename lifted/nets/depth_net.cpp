#include "lifted/nets/depth_net.h"

#include "lifted/nets/mlp.h"
#include "lifted/nets/upsampler.h"
#include "lifted/ops/group_norm_relu.h"
#include "lifted/ops/project_upsample.h"

namespace lifted::nets {
namespace {

// Entries of the published Sequential `network`: four for 4×4 (upconv, ReLU, conv, ReLU), then six per level.
constexpr size_t kFirstLevel = 4, kPerLevel = 6;
// Of `head`: conv3, norm, ReLU, conv5 | norm, ReLU, conv5.
constexpr size_t kHeadConvs = 4;

torch::nn::Sequential make_network(const LiftingConfig& config) {
  const int top = config.widths.front();
  torch::nn::Sequential network(make_first_upconv(config.mlp_width, top), torch::nn::ReLU(), make_conv(top, top, 3),
                                torch::nn::ReLU());
  for (size_t level = 1; level < config.widths.size(); ++level) {
    const int width = config.widths[level];
    network->push_back(make_upconv(config.widths[level - 1], width));
    network->push_back(make_norm(width));
    network->push_back(torch::nn::ReLU());
    network->push_back(make_conv(width, width, 3));
    network->push_back(make_norm(width));
    network->push_back(torch::nn::ReLU());
  }
  return network;
}

torch::nn::Sequential make_head(int width) {
  return torch::nn::Sequential(make_conv(width, width, 3), make_norm(width), torch::nn::ReLU(),
                               make_conv(width, width, 5), make_norm(width), torch::nn::ReLU(),
                               make_conv(width, 1, 5, true));
}

/// norm, ReLU and the convolution to one channel.
torch::Tensor finish(const torch::nn::Sequential& head, const torch::Tensor& x) {
  const auto* norm = head->ptr(kHeadConvs)->as<torch::nn::GroupNorm>();
  const auto* conv = head->ptr(kHeadConvs + 2)->as<torch::nn::Conv2d>();
  return ops::group_norm_relu_conv(x, norm_of(*norm), conv->weight, conv->bias);
}

}  // namespace

DepthNetImpl::DepthNetImpl(const LiftingConfig& config)
    : mlp_(register_module("mlp", make_mlp({.in = config.style_dim,
                                            .out = config.mlp_width,
                                            .width = config.mlp_width,
                                            .end = MlpConfig::End::leaky}))),
      network_(register_module("network", make_network(config))),
      inject_(register_module("inject", make_conv(config.feature_channels, config.widths.back(), 1))),
      head_(register_module("head", make_head(config.widths.back()))) {}

void DepthNetImpl::scale_output(double factor) {
  const torch::NoGradGuard guard;
  auto* last = head_->ptr(kHeadConvs + 2)->as<torch::nn::Conv2d>();
  last->weight.mul_(factor);
  last->bias.mul_(factor);
}

torch::Tensor DepthNetImpl::forward(const torch::Tensor& w, const torch::Tensor& features) const {
  // 4×4, 8×8 and 16×16: the sizes at which the batch would change the arithmetic.
  const size_t small = std::min(kFirstLevel + 2 * kPerLevel, network_->size());
  torch::Tensor x = in_fixed_batches(forward_mlp(mlp_, w),
                                     [&](const torch::Tensor& code) { return run_layers(network_, 0, small, code); });
  x = run_layers(network_, small, network_->size(), x);

  x = ops::project_and_add_upsampled(features, inject_->weight, x);
  return finish(head_, run_layers(head_, 0, kHeadConvs, x));
}

}  // namespace lifted::nets
