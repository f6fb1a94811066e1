#include "lifted/metrics/random_features.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>

namespace lifted::metrics {
namespace {

/// 64 channels up to 16², halving above: most of the arithmetic is at the small sizes.
nets::Stylegan2DiscriminatorConfig config_for(int size) {
  nets::Stylegan2DiscriminatorConfig config;
  config.size = size;
  for (int side = 4; side <= size; side *= 2) config.channels.push_back(std::clamp(1024 / side, 8, 64));
  return config;
}

}  // namespace

RandomFeatures::RandomFeatures(int size, torch::Device device) : network_(config_for(size)) {
  const torch::NoGradGuard guard;
  auto generator = at::detail::createCPUGenerator(0);
  // Weights are scaled where they are used (equalized learning rate), so unit variance is right for every layer.
  for (auto& parameter : network_->parameters()) {
    parameter.requires_grad_(false);
    if (parameter.dim() > 1) {
      parameter.copy_(torch::randn(parameter.sizes(), generator));
    } else {
      parameter.zero_();
    }
  }
  network_->to(device);
}

torch::Tensor RandomFeatures::operator()(const torch::Tensor& images) const {
  const torch::NoGradGuard guard;
  return at::avg_pool2d(network_->features(images), 2).flatten(1);
}

}  // namespace lifted::metrics
