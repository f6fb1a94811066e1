#include "lifted/photo/landmark_net.h"

#include "lifted/base/error.h"
#include "lifted/nets/load.h"
#include "lifted/nets/run_conv.h"

namespace lifted::photo {
namespace {
using torch::Tensor;

constexpr int kSide = 64;             // of the crop
constexpr double kPriorSpread = 0.6;  // deviation of a landmark about its mean, before the crop is looked at
constexpr size_t kFinest = 1;         // the stage at whose resolution landmarks are read

torch::nn::Conv2d plain_conv(int64_t in, int64_t out, int64_t kernel, int64_t stride, bool bias) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding((kernel - 1) / 2).bias(bias));
}

torch::nn::Sequential conv_norm_prelu(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return torch::nn::Sequential(plain_conv(in, out, kernel, stride, false), torch::nn::BatchNorm2d(out),
                               torch::nn::PReLU(torch::nn::PReLUOptions().num_parameters(out)));
}

/// Middles of the cells of a square, 2×(side²): x, y.
Tensor cell_middles(int64_t side, const torch::TensorOptions& options) {
  const Tensor axis = (torch::arange(side, options) + 0.5) * (2.0 / static_cast<double>(side)) - 1;
  return torch::stack({axis.expand({side, side}), axis.unsqueeze(1).expand({side, side})}).flatten(1);
}

nets::FaceEmbeddingConfig landmark_config_of(const StateDict& state, std::string_view what) {
  auto config = landmark_trunk();
  const auto channels = [&](const std::string& key, int64_t dimension) {
    const auto found = state.find(key);
    require(found != state.end() && found->second.dim() == 4, "{}: is no landmark network: it has no convolution {}",
            what, key);
    return static_cast<int>(found->second.size(dimension));
  };
  for (size_t i = 0; i < config.widths.size(); ++i)
    config.widths[i] = channels(fmt::format("layer{}.conv1.weight", i + 1), 0);
  config.dimensions = channels("heat.weight", 1);
  return config;
}

}  // namespace

LandmarkNetImpl::LandmarkNetImpl(nets::FaceEmbeddingConfig trunk) : config_(std::move(trunk)) {
  config_.validate();
  const auto& widths = config_.widths;
  const int64_t joined = config_.dimensions;
  stem_ = register_module("stem", conv_norm_prelu(3, widths[0], 4, 2));
  for (size_t i = 0; i < widths.size(); ++i) {
    const bool first = i == 0;
    layers_.push_back(register_module(fmt::format("layer{}", i + 1),
                                      nets::IrBlock(widths[first ? 0 : i - 1], widths[i], first ? 1 : 2)));
  }
  for (size_t i = kFinest; i < widths.size(); ++i)
    lateral_.push_back(register_module(fmt::format("lateral{}", i + 1), plain_conv(widths[i], joined, 1, 1, true)));
  for (size_t i = kFinest; i + 1 < widths.size(); ++i)
    smooth_.push_back(register_module(fmt::format("smooth{}", i + 1), conv_norm_prelu(joined, joined, 3, 1)));
  heat_ = register_module("heat", plain_conv(joined, kLandmarks, 1, 1, true));
  offset_ = register_module("offset", plain_conv(joined, 2 * kLandmarks, 1, 1, true));
  mean_ = register_buffer("mean", torch::zeros({kLandmarks, 2}));
}

Tensor LandmarkNetImpl::joined(const Tensor& image) {
  Tensor x = stem_->forward(image.contiguous(torch::MemoryFormat::ChannelsLast));
  std::vector<Tensor> stages;
  for (auto& layer : layers_) stages.push_back(x = layer->forward(x));
  x = nets::run_conv(*lateral_.back(), stages.back());
  for (size_t i = smooth_.size(); i-- > 0;) {
    const Tensor& finer = stages[kFinest + i];
    const std::vector<int64_t> size = {finer.size(2), finer.size(3)};
    x = smooth_[i]->forward(torch::upsample_nearest2d(x, size) + nets::run_conv(*lateral_[i], finer));
  }
  return x;
}

Tensor LandmarkNetImpl::forward(const Tensor& image) {
  const Tensor x = joined(image);
  const int64_t side = x.size(2);
  const Tensor middles = cell_middles(side, x.options());
  const Tensor prior = (middles - mean_.unsqueeze(2)).square().sum(1) * (-0.5 / (kPriorSpread * kPriorSpread));
  const Tensor heat = nets::run_conv(*heat_, x).flatten(2);
  const Tensor likely = torch::softmax(heat + prior, 2).unsqueeze(2);
  const Tensor offset = nets::run_conv(*offset_, x).reshape({-1, kLandmarks, 2, side * side});
  return (likely * (middles + offset)).sum(3);
}

void LandmarkNetImpl::set_mean(const Tensor& mean) {
  const torch::NoGradGuard guard;
  mean_.copy_(mean);
}

void LandmarkNetImpl::begin_at_mean() {
  const torch::NoGradGuard guard;
  for (auto& conv : {heat_, offset_}) conv->weight.zero_(), conv->bias.zero_();
}

LandmarkNet load_landmark_net(const StateDict& state, std::string_view what) {
  LandmarkNet network(landmark_config_of(state, what));
  nets::load_strict(*network, state, what);
  for (auto& parameter : network->parameters()) parameter.set_requires_grad(false);
  network->eval();
  return network;
}

nets::FaceEmbeddingConfig landmark_trunk() {
  return {.size = kSide, .dimensions = 64, .widths = {16, 32, 64, 128}, .blocks = {1, 1, 1, 1}, .dropout = 0};
}

}  // namespace lifted::photo
