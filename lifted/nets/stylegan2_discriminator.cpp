#include "lifted/nets/stylegan2_discriminator.h"

#include <cmath>

#include "lifted/base/json.h"
#include "lifted/ops/bias_act.h"
#include "lifted/ops/convolution.h"
#include "lifted/ops/fir_resample.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

constexpr int64_t kLargestGroup = 4;

/// A child that only carries names: "convs", "conv1", "0".
std::shared_ptr<torch::nn::Module> add_group(torch::nn::Module& parent, const std::string& name) {
  return parent.register_module(name, std::make_shared<torch::nn::Module>());
}

Tensor low_pass() {
  return ops::fir_kernel({1, 3, 3, 1});
}

Tensor activate(const Tensor& x, const Tensor& bias, ops::BiasActOptions options = {}) {
  if (const auto clamp = clamp_for(x, {})) options.clamp = *clamp * options.gain / ops::BiasActOptions().gain;
  return in_float32_on_cpu(x, [&](const Tensor& in) { return ops::bias_act(in, rounded_to(bias, x, in), options); });
}

Tensor filter(const Tensor& x, const Tensor& fir, const ops::FirResampleOptions& options) {
  return in_float32_on_cpu(x, [&](const Tensor& in) { return ops::fir_resample(in, fir, options); });
}

const Tensor& discriminator_tensor(const StateDict& state, const std::string& key, int64_t dims,
                                   std::string_view what) {
  const auto found = state.find(key);
  if (found == state.end()) fail("{}: no tensor '{}'; expected the state dict of a StyleGAN2 discriminator", what, key);
  if (found->second.dim() != dims) {
    fail("{}: tensor '{}' has {} dimensions, expected {}", what, key, found->second.dim(), dims);
  }
  return found->second;
}

}  // namespace

// ---- Configuration ----

void Stylegan2DiscriminatorConfig::validate() const {
  require(size >= 8 && size <= 4096 && (size & (size - 1)) == 0,
          "StyleGAN2 discriminator: size {} is not a power of two from 8 to 4096", size);
  require(channels.size() < 16 && (4 << channels.size()) == 2 * size,
          "StyleGAN2 discriminator: {} channel counts do not fit size {}", channels.size(), size);
  for (const int c : channels) require(c > 0 && c <= 65536, "StyleGAN2 discriminator: {} channels", c);
}

nlohmann::json Stylegan2DiscriminatorConfig::to_json() const {
  return {{"size", size}, {"channels", channels}};
}

Stylegan2DiscriminatorConfig Stylegan2DiscriminatorConfig::from_json(const nlohmann::json& json) {
  Stylegan2DiscriminatorConfig config;
  read_field(json, "size", "StyleGAN2 discriminator configuration", config.size);
  read_field(json, "channels", "StyleGAN2 discriminator configuration", config.channels);
  config.validate();
  return config;
}

std::vector<int> lite_discriminator_channels(int size) {
  std::vector<int> channels;
  for (int side = 4; side <= size; side *= 2) channels.push_back(side <= 16 ? 512 : 8192 / side);
  return channels;
}

Stylegan2DiscriminatorConfig infer_stylegan2_discriminator_config(const StateDict& state, std::string_view what) {
  Stylegan2DiscriminatorConfig config;
  // convs.0 takes RGB to the widest resolution; every following entry halves it.
  config.channels.push_back(static_cast<int>(discriminator_tensor(state, "convs.0.0.weight", 4, what).size(0)));
  int blocks = 0;
  for (; state.count(fmt::format("convs.{}.skip.1.weight", blocks + 1)); ++blocks) {
    require(blocks < 10, "{}: more than 10 blocks 'convs.N'; expected at most 10 (a 4096-pixel image)", what);
    const Tensor& skip = discriminator_tensor(state, fmt::format("convs.{}.skip.1.weight", blocks + 1), 4, what);
    config.channels.insert(config.channels.begin(), static_cast<int>(skip.size(0)));
  }
  require(blocks > 0, "{}: no tensor 'convs.1.skip.1.weight'; expected the state dict of a StyleGAN2 discriminator",
          what);
  config.size = 4 << blocks;
  config.validate();
  return config;
}

// ---- Layers ----

int64_t minibatch_group(int64_t batch) {
  int64_t group = std::min(batch, kLargestGroup);
  while (batch % group != 0) --group;
  return group;
}

Tensor append_minibatch_stddev(const Tensor& x, int64_t group) {
  const int64_t batch = x.size(0);
  if (group == 0) group = minibatch_group(batch);
  TORCH_CHECK(batch % group == 0, "append_minibatch_stddev: ", batch, " samples in groups of ", group);
  // group × B/group × C × H × W: a sample's group is its index modulo B/group.
  const auto grouped = x.contiguous().view({group, batch / group, x.size(1), x.size(2), x.size(3)});
  const auto variance = (grouped - grouped.mean(0, true)).square().mean(0);
  const auto deviation = (variance + 1e-8).sqrt().mean(at::IntArrayRef{1, 2, 3});
  const auto channel = deviation.view({-1, 1, 1, 1}).repeat({group, 1, x.size(2), x.size(3)});
  return torch::cat({x, channel}, 1);
}

EqualConv2dImpl::EqualConv2dImpl(int64_t in, int64_t out, int64_t kernel)
    : weight_gain(1 / std::sqrt(static_cast<double>(in * kernel * kernel))) {
  weight = register_parameter("weight", torch::randn({out, in, kernel, kernel}));
}

Tensor EqualConv2dImpl::forward(const Tensor& x, int64_t stride, int64_t padding, double gain) const {
  if (x.scalar_type() == weight.scalar_type())
    return ops::conv2d(x, weight, {.stride = stride, .padding = padding, .scale = weight_gain * gain});
  return in_float32_on_cpu(x, [&](const Tensor& in) {
    return ops::conv2d(in, rounded_to(weight * (weight_gain * gain), x, in), {.stride = stride, .padding = padding});
  });
}

DiscriminatorBlockImpl::DiscriminatorBlockImpl(int64_t in, int64_t out) {
  auto conv1 = add_group(*this, "conv1");
  conv1_ = conv1->register_module("0", EqualConv2d(in, in, 3));
  bias1_ = add_group(*conv1, "1")->register_parameter("bias", torch::zeros({in}));
  auto conv2 = add_group(*this, "conv2");
  fir_ = add_group(*conv2, "0")->register_buffer("kernel", low_pass());
  conv2_ = conv2->register_module("1", EqualConv2d(in, out, 3));
  bias2_ = add_group(*conv2, "2")->register_parameter("bias", torch::zeros({out}));
  auto skip = add_group(*this, "skip");
  add_group(*skip, "0")->register_buffer("kernel", low_pass());
  skip_ = skip->register_module("1", EqualConv2d(in, out, 1));
}

Tensor DiscriminatorBlockImpl::forward(const Tensor& x) const {
  auto y = activate(conv1_->forward(x, 1, 1), bias1_);
  // Before a convolution of kernel k the blur pads so that pixel centres stay aligned: k + 1 in all.
  y = filter(y, fir_, ops::FirResampleOptions::uniform(1, 1, 2, 2));
  // (a + b) / sqrt 2, with the factor inside the activation's gain and the skip's weight.
  ops::BiasActOptions half;
  half.gain = 1;
  y = activate(conv2_->forward(y, 2, 0), bias2_, half);
  // A 1×1 convolution of stride 2 reads one pixel in four: the blur computes only those.
  const auto small = filter(x, fir_, ops::FirResampleOptions::uniform(1, 2, 1, 1));
  return y + skip_->forward(small, 1, 0, 1 / std::sqrt(2.0));
}

// ---- The network ----

Stylegan2DiscriminatorImpl::Stylegan2DiscriminatorImpl(Stylegan2DiscriminatorConfig config)
    : config_(std::move(config)) {
  config_.validate();
  const auto& channels = config_.channels;
  auto convs = add_group(*this, "convs");
  auto from_rgb = add_group(*convs, "0");
  from_rgb_ = from_rgb->register_module("0", EqualConv2d(3, channels.back(), 1));
  from_rgb_bias_ = add_group(*from_rgb, "1")->register_parameter("bias", torch::zeros({channels.back()}));
  for (size_t level = channels.size() - 1; level > 0; --level) {
    blocks_.push_back(convs->register_module(std::to_string(channels.size() - level),
                                             DiscriminatorBlock(channels[level], channels[level - 1])));
  }
  auto final_conv = add_group(*this, "final_conv");
  final_conv_ = final_conv->register_module("0", EqualConv2d(channels[0] + 1, channels[0], 3));
  final_bias_ = add_group(*final_conv, "1")->register_parameter("bias", torch::zeros({channels[0]}));
  auto final_linear = add_group(*this, "final_linear");
  hidden_ = final_linear->register_module("0", EqualLinear(channels[0] * 16, channels[0]));
  output_ = final_linear->register_module("1", EqualLinear(channels[0], 1));
}

Tensor Stylegan2DiscriminatorImpl::features(const Tensor& image, int blocks) const {
  TORCH_CHECK(image.dim() == 4 && image.size(1) == 3 && image.size(2) == config_.size && image.size(3) == config_.size,
              "discriminator: the image must have shape [B, 3, ", config_.size, ", ", config_.size, "], got ",
              image.sizes());
  const auto type = [&](int64_t side) { return half_ ? block_type(half_, side, config_.size) : image.scalar_type(); };
  const Tensor input = image.contiguous(at::MemoryFormat::ChannelsLast).to(type(config_.size));
  auto x = activate(from_rgb_->forward(input, 1, 0), from_rgb_bias_);
  const int count = blocks < 0 ? static_cast<int>(blocks_.size()) : blocks;
  for (int i = 0; i < count; ++i) x = blocks_.at(static_cast<size_t>(i))->forward(x.to(type(config_.size >> i)));
  return x.to(image.scalar_type());
}

Tensor Stylegan2DiscriminatorImpl::forward(const Tensor& image, int64_t group) const {
  auto x = append_minibatch_stddev(features(image), group).contiguous(at::MemoryFormat::ChannelsLast);
  x = ops::bias_act(final_conv_->forward(x, 1, 1), final_bias_);
  x = x.contiguous().flatten(1);
  x = ops::bias_act(torch::matmul(x, hidden_->effective_weight().t()), hidden_->effective_bias());
  return torch::addmm(output_->effective_bias(), x, output_->effective_weight().t());
}

}  // namespace lifted::nets
