#include "lifted/model/lifting_networks.h"

#include "lifted/nets/init.h"

namespace lifted::model {
namespace {
using torch::nn::Module;

/// Copies what both have under one name and in one shape.
void copy_shared(const Module& from, const Module& to) {
  const auto source = from.named_parameters();
  for (auto& entry : to.named_parameters()) {
    const auto* weight = source.find(entry.key());
    if (weight && weight->sizes() == entry.value().sizes()) entry.value().copy_(*weight);
  }
}

/// Channels pass the transposed convolution enlarged, the convolution as they are, and norms lifted above the
/// rectifier.
void enlarge_only(Module& layer) {
  if (auto* up = layer.as<torch::nn::ConvTranspose2d>()) {
    const auto taps = torch::tensor({0.25, 0.75, 0.75, 0.25}, up->weight.options().requires_grad(false));
    up->weight.zero_();
    for (int64_t i = 0; i < up->weight.size(0); ++i)
      up->weight.select(0, i).select(0, i).copy_(torch::outer(taps, taps));
  } else if (auto* convolution = layer.as<torch::nn::Conv2d>()) {
    torch::nn::init::dirac_(convolution->weight);
  } else if (auto* norm = layer.as<torch::nn::GroupNorm>()) {
    norm->bias.fill_(1);
  }
}

const torch::nn::SequentialImpl& levels(const Module& network) {
  return *network.named_children()["network"]->as<torch::nn::Sequential>();
}

/// Levels keep their weights, then comes the new one, then the `tail` entries that end the smaller network.
void grow_levels(const Module& smaller, const Module& larger, size_t tail) {
  copy_shared(smaller, larger);
  const auto& from = levels(smaller);
  const auto& to = levels(larger);
  const size_t first = from.size() - tail, added = to.size() - from.size();
  for (size_t i = first; i < first + added; ++i) enlarge_only(*to.ptr(i));
  for (size_t i = first; i < from.size(); ++i) copy_shared(*from.ptr(i), *to.ptr(i + added));
}

}  // namespace

LiftingNetworks::LiftingNetworks(const nets::LiftingConfig& sizes)
    : config(sizes), depth(sizes), transform(sizes), decompose(sizes), compose(sizes) {}

std::vector<std::pair<std::string, std::shared_ptr<torch::nn::Module>>> LiftingNetworks::published() const {
  return {{"netD", depth.ptr()}, {"netT", transform.ptr()}, {"netSD", decompose.ptr()}, {"netSC", compose.ptr()}};
}

LiftingNetworks grown(const LiftingNetworks& smaller, int feature_channels, const at::Generator& random) {
  const torch::NoGradGuard guard;
  nets::LiftingConfig config = smaller.config;
  config.size *= 2;
  config.feature_channels = feature_channels;
  config.widths.push_back(config.widths.back());
  LiftingNetworks larger(config);
  for (const auto& [name, network] : larger.published()) nets::reset_parameters(*network, random);
  constexpr size_t kMapTail = 5;  // of netT's "network": upsampling, convolution, norm, ReLU, convolution
  grow_levels(*smaller.depth, *larger.depth, 0);
  grow_levels(*smaller.transform, *larger.transform, kMapTail);
  copy_shared(*smaller.decompose, *larger.decompose);
  copy_shared(*smaller.compose, *larger.compose);
  return larger;
}

}  // namespace lifted::model
