#include "lifted/nets/stylegan2.h"

#include "lifted/base/device.h"
#include "lifted/ops/bias_act.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

struct NamedChildrenImpl : torch::nn::Module {};
TORCH_MODULE(NamedChildren);

/// x / sqrt(mean(x²) + 1e-8) over the latent dimension.
Tensor pixel_norm(const Tensor& x) {
  return x * at::rsqrt(x.square().mean(1, true) + 1e-8);
}

}  // namespace

Stylegan2GeneratorImpl::Stylegan2GeneratorImpl(Stylegan2Config config) : config_(std::move(config)) {
  config_.validate();
  auto style = register_module("style", NamedChildren());
  for (int i = 1; i <= config_.mapping_layers; ++i) {
    const EqualLinear layer(i == 1 ? config_.z_dim : config_.w_dim, config_.w_dim, 0, config_.mapping_lr_mul);
    parts_.mapping.push_back(style->register_module(std::to_string(i), layer));
  }
  parts_.input = register_module("input", NamedChildren())
                     ->register_parameter("input", torch::randn({1, config_.channels[0], 4, 4}));

  const auto styled = [&](int in_level, int out_level) {
    return StyledConv(ModulatedConv2dOptions{.in = config_.channels[in_level],
                                             .out = config_.channels[out_level],
                                             .w_dim = config_.w_dim,
                                             .upsample = in_level != out_level},
                      config_.conv_clamp);
  };
  const auto to_rgb = [&](int level) {
    return ToRgb(config_.channels[level], config_.w_dim, level > 0, config_.conv_clamp);
  };
  parts_.convs.push_back(register_module("conv1", styled(0, 0)));
  parts_.to_rgbs.push_back(register_module("to_rgb1", to_rgb(0)));
  auto convs = register_module("convs", NamedChildren());
  auto to_rgbs = register_module("to_rgbs", NamedChildren());
  for (int level = 1; level < config_.levels(); ++level) {
    parts_.convs.push_back(convs->register_module(std::to_string(2 * level - 2), styled(level - 1, level)));
    parts_.convs.push_back(convs->register_module(std::to_string(2 * level - 1), styled(level, level)));
    parts_.to_rgbs.push_back(to_rgbs->register_module(std::to_string(level - 1), to_rgb(level)));
  }
  auto noises = register_module("noises", NamedChildren());
  for (int i = 0; i < layers() - 1; ++i) {
    const int side = 4 << ((i + 1) / 2);
    parts_.noises.push_back(noises->register_buffer("noise_" + std::to_string(i), torch::randn({1, 1, side, side})));
  }
}

void Stylegan2GeneratorImpl::reset_input_and_noise(at::Generator generator) {
  const torch::NoGradGuard guard;
  parts_.input.normal_(0, 1, generator);
  for (auto& noise : parts_.noises) noise.normal_(0, 1, generator);
}

std::shared_ptr<const Stylegan2Fused> Stylegan2GeneratorImpl::fused_for(const Tensor& input) const {
  if (implementation_ == ops::Implementation::reference) return nullptr;
  if (!input.device().is_cpu() || input.scalar_type() != at::kFloat) return nullptr;
  if (at::GradMode::is_enabled()) {
    if (input.requires_grad()) return nullptr;
    for (const auto& parameter : parameters()) {
      if (parameter.requires_grad()) return nullptr;
    }
  }
  const std::lock_guard lock(fused_mutex_);
  if (!fused_ || !fused_->is_current(parts_)) fused_ = Stylegan2Fused::pack(parts_);
  return fused_;
}

Tensor Stylegan2GeneratorImpl::map(const Tensor& z) const {
  TORCH_CHECK(z.dim() == 2 && z.size(1) == config_.z_dim, "map: z must have shape [B, ", config_.z_dim, "], got ",
              z.sizes());
  auto w = pixel_norm(z);
  if (const auto fused = fused_for(z)) return fused->map(w);
  for (const auto& layer : parts_.mapping) {
    w = ops::bias_act(at::matmul(w, layer->effective_weight().t()), layer->effective_bias());
  }
  return w;
}

std::vector<Tensor> Stylegan2GeneratorImpl::draw_noise(int64_t count, at::Generator generator) const {
  std::vector<Tensor> noises;
  for (const Tensor& stored : parts_.noises) {
    noises.push_back(at::randn({count, 1, stored.size(2), stored.size(3)}, generator,
                               stored.options().device(generator.device()).requires_grad(false)));
  }
  return noises;
}

std::vector<int64_t> Stylegan2GeneratorImpl::noise_sides() const {
  std::vector<int64_t> sides;
  for (const Tensor& stored : parts_.noises) sides.push_back(stored.size(3));
  return sides;
}

SynthesisOutput Stylegan2GeneratorImpl::synthesize(const Tensor& w, NoiseMode mode,
                                                   std::optional<at::Generator> generator) const {
  if (mode == NoiseMode::constant) return synthesize(w, parts_.noises);
  if (mode == NoiseMode::none) return synthesize(w, std::vector<Tensor>(parts_.noises.size()));
  TORCH_CHECK(generator, "synthesize: random noise needs a generator");
  std::vector<Tensor> noises = draw_noise(w.size(0), *generator);
  for (Tensor& noise : noises) noise = to_device(noise, w.device()).to(w.scalar_type());
  return synthesize(w, noises);
}

SynthesisOutput Stylegan2GeneratorImpl::synthesize(const Tensor& w, const std::vector<Tensor>& noises) const {
  TORCH_CHECK((w.dim() == 2 || (w.dim() == 3 && w.size(1) == layers())) && w.size(-1) == config_.w_dim,
              "synthesize: w must have shape [B, ", config_.w_dim, "] or [B, ", layers(), ", ", config_.w_dim,
              "], got ", w.sizes());
  TORCH_CHECK(noises.size() == parts_.convs.size(), "synthesize: ", noises.size(), " noise maps, expected ",
              parts_.convs.size());
  std::vector<Tensor> codes;
  for (int i = 0; i < layers(); ++i) codes.push_back(w.dim() == 2 ? w : w.select(1, i));
  if (const auto fused = half_ ? nullptr : fused_for(w)) {
    const auto [image, features] = fused->synthesize(codes, noises);
    return {image, features};
  }
  auto x = parts_.input.expand({w.size(0), -1, -1, -1}).contiguous(at::MemoryFormat::ChannelsLast);
  Tensor image;
  // ToRGB of a resolution shares its code with the next resolution's first convolution.
  for (size_t i = 0; i < parts_.convs.size(); ++i) {
    if (half_) x = x.to(block_type(half_, 4 << ((i + 1) / 2), config_.size));
    x = parts_.convs[i]->forward(x, codes[i], noises[i]);
    if (i % 2 == 0) image = parts_.to_rgbs[i / 2]->forward(x, codes[i + 1], image);
  }
  return {image, half_ ? x.to(torch::kFloat32) : x};
}

}  // namespace lifted::nets
