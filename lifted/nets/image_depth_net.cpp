#include "lifted/nets/image_depth_net.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/nets/load.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

constexpr size_t kLevels = 5;
constexpr int kDepthReduction = 16;

void push_block(torch::nn::Sequential& block, int in, int out, int stride) {
  block->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false)));
  block->push_back(torch::nn::BatchNorm2d(out));
  block->push_back(torch::nn::ReLU(torch::nn::ReLUOptions(true)));
}

torch::nn::Sequential make_down(int in, int out) {
  torch::nn::Sequential block;
  push_block(block, in, out, 2);
  push_block(block, out, out, 1);
  return block;
}

torch::nn::Sequential make_block(int in, int out) {
  torch::nn::Sequential block;
  push_block(block, in, out, 1);
  return block;
}

torch::nn::Sequential make_narrow(int in, int out) {
  return torch::nn::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 1)));
}

Tensor doubled(const Tensor& x) {
  return torch::upsample_nearest2d(x, {x.size(2) * 2, x.size(3) * 2});
}

}  // namespace

nlohmann::json ImageDepthConfig::to_json() const {
  return {{"size", size}, {"widths", widths}};
}

void ImageDepthConfig::validate() const {
  require(size >= 2 * kDepthReduction && size <= 1024 && size % kDepthReduction == 0,
          "a depth network's image side must be a multiple of {} from {} to 1024, got {}", kDepthReduction,
          2 * kDepthReduction, size);
  require(
      widths.size() == kLevels && std::ranges::all_of(widths, [](int width) { return width >= 1 && width <= 4096; }),
      "a depth network needs the widths of {} levels", kLevels);
}

ImageDepthNetImpl::ImageDepthNetImpl(ImageDepthConfig config) : config_(std::move(config)) {
  config_.validate();
  const auto& widths = config_.widths;
  stem_ = register_module("stem", make_block(3, widths[0]));
  for (size_t i = 1; i < kLevels; ++i) {
    const std::string level = std::to_string(i);
    down_.push_back(register_module("down" + level, make_down(widths[i - 1], widths[i])));
    narrow_.push_back(register_module("narrow" + level, make_narrow(widths[i], widths[i - 1])));
    up_.push_back(register_module("up" + level, make_block(widths[i - 1], widths[i - 1])));
  }
  last_ = register_module("last", torch::nn::Conv2d(torch::nn::Conv2dOptions(widths[0], 2, 3).padding(1)));
  mean_ = register_buffer("mean", torch::ones({}));
  deviation_ = register_buffer("deviation", torch::full({}, 0.04));
  register_buffer("size", torch::tensor(static_cast<int64_t>(config_.size)));
}

ImageDepth ImageDepthNetImpl::forward(const Tensor& image) {
  require(image.dim() == 4 && image.size(1) == 3 && image.size(2) == config_.size && image.size(3) == config_.size,
          "a depth network takes images of B×3×{0}×{0}, got {1}", config_.size, fmt::join(image.sizes(), "×"));
  std::vector<Tensor> levels = {stem_->forward(image.contiguous(torch::MemoryFormat::ChannelsLast))};
  for (auto& down : down_) levels.push_back(down->forward(levels.back()));
  Tensor x = levels.back();
  for (size_t i = kLevels - 1; i > 0; --i) x = up_[i - 1]->forward(doubled(narrow_[i - 1]->forward(x)) + levels[i - 1]);
  const Tensor maps = last_->forward(x);
  return {maps.select(1, 0) * deviation_ + mean_, maps.select(1, 1)};
}

void ImageDepthNetImpl::set_scale(double mean, double deviation) {
  const torch::NoGradGuard guard;
  mean_.fill_(mean);
  deviation_.fill_(std::max(deviation, 1e-6));
}

ImageDepthNet load_image_depth_net(const StateDict& state, std::string_view what) {
  ImageDepthConfig config;
  const auto tensor = [&](const std::string& key) {
    const auto found = state.find(key);
    require(found != state.end(), "{}: is no depth network: it has no tensor {}", what, key);
    return found->second;
  };
  const Tensor size = tensor("size");
  require(size.dim() == 0 && size.scalar_type() == torch::kInt64, "{}: its 'size' is no whole number", what);
  config.size = static_cast<int>(std::clamp<int64_t>(size.item<int64_t>(), 0, 1 << 20));
  for (size_t i = 0; i < kLevels; ++i) {
    const Tensor weight = tensor(i == 0 ? "stem.0.weight" : "down" + std::to_string(i) + ".0.weight");
    require(weight.dim() == 4, "{}: a convolution's weight has {} dimensions, expected 4", what, weight.dim());
    config.widths[i] = static_cast<int>(weight.size(0));
  }
  ImageDepthNet network(config);
  load_strict(*network, state, what);
  for (auto& parameter : network->parameters()) parameter.set_requires_grad(false);
  network->eval();
  return network;
}

}  // namespace lifted::nets
