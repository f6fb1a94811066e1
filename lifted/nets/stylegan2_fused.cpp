#include "lifted/nets/stylegan2_fused.h"

#include <cmath>
#include <limits>

namespace lifted::nets {
namespace {
using torch::Tensor;

constexpr ops::Activation kLeakyRelu = {.slope = 0.2f, .gain = static_cast<float>(1.4142135623730951)};

float clamp_of(const std::optional<double>& clamp) {
  return clamp ? static_cast<float>(*clamp) : std::numeric_limits<float>::infinity();
}

bool is_cpu_float(const Tensor& t) {
  return t.device().is_cpu() && t.scalar_type() == at::kFloat;
}

}  // namespace

Tensor Stylegan2Fused::Linear::operator()(const Tensor& x, const ops::Activation& activation) const {
  return ops::packed_linear(weight, x, bias, activation);
}

Stylegan2Fused::Linear Stylegan2Fused::pack_linear(const EqualLinear& layer) {
  Linear packed;
  packed.weight = ops::pack_weights(layer->effective_weight());
  packed.bias = layer->effective_bias().clone();
  return packed;
}

std::optional<Stylegan2Fused::Conv> Stylegan2Fused::pack_conv(const StyledConv& layer) {
  Conv packed;
  const auto& conv = layer->conv;
  packed.upsample = conv->options.upsample;
  if (packed.upsample) {
    const auto fir = ops::separate_fir(conv->fir);
    if (!fir) return {};
    packed.fir = *fir;
  }
  const auto weight = conv->weight.squeeze(0) * conv->weight_gain;
  packed.style = pack_linear(conv->modulation);
  packed.weight = ops::pack_weights(weight);
  packed.energy = ops::pack_weights(weight.square().sum(at::IntArrayRef{2, 3}));
  packed.bias = layer->bias.clone();
  packed.noise_strength = layer->noise_strength.item<float>();
  packed.activation = kLeakyRelu;
  packed.activation.clamp = clamp_of(layer->clamp);
  return packed;
}

std::optional<Stylegan2Fused::Rgb> Stylegan2Fused::pack_rgb(const ToRgb& layer) {
  Rgb packed;
  if (layer->fir.defined()) {
    const auto fir = ops::separate_fir(layer->fir);
    if (!fir) return {};
    packed.fir = *fir;
  }
  packed.style = pack_linear(layer->conv->modulation);
  packed.weight = (layer->conv->weight * layer->conv->weight_gain).view({1, 3, -1}).contiguous();
  packed.bias = layer->bias.flatten().clone();
  packed.clamp = clamp_of(layer->clamp);
  return packed;
}

std::vector<Stylegan2Fused::Stamp> Stylegan2Fused::stamps_of(const Stylegan2Parts& parts) {
  std::vector<Stamp> stamps;
  const auto stamp = [&](const Tensor& t) {
    // Tensors made in inference mode count no writes: they never look current and are packed anew each time.
    static const char unknown = 0;
    stamps.emplace_back(t.is_inference() ? static_cast<const void*>(&unknown) : t.unsafeGetTensorImpl(),
                        t.is_inference() ? -1 : static_cast<int64_t>(t._version()));
    stamps.emplace_back(t.data_ptr(), 0);
  };
  const auto stamp_all = [&](const torch::nn::Module& module) {
    for (const auto& t : module.parameters()) stamp(t);
    for (const auto& t : module.buffers()) stamp(t);
  };
  for (const auto& layer : parts.mapping) stamp_all(*layer);
  stamp(parts.input);
  for (const auto& layer : parts.convs) stamp_all(*layer);
  for (const auto& layer : parts.to_rgbs) stamp_all(*layer);
  return stamps;
}

std::shared_ptr<const Stylegan2Fused> Stylegan2Fused::pack(const Stylegan2Parts& parts) {
  torch::NoGradGuard no_grad;
  if (!is_cpu_float(parts.input)) return nullptr;
  auto fused = std::make_shared<Stylegan2Fused>();
  fused->stamps_ = stamps_of(parts);
  fused->input_ = parts.input.contiguous(at::MemoryFormat::ChannelsLast);
  for (const auto& layer : parts.mapping) fused->mapping_.push_back(pack_linear(layer));
  for (const auto& layer : parts.convs) {
    auto packed = pack_conv(layer);
    if (!packed) return nullptr;
    fused->convs_.push_back(std::move(*packed));
  }
  for (const auto& layer : parts.to_rgbs) {
    auto packed = pack_rgb(layer);
    if (!packed) return nullptr;
    fused->to_rgbs_.push_back(std::move(*packed));
  }
  return fused;
}

bool Stylegan2Fused::is_current(const Stylegan2Parts& parts) const {
  return !parts.input.is_inference() && stamps_of(parts) == stamps_;
}

Tensor Stylegan2Fused::map(const Tensor& normalized) const {
  auto w = normalized;
  for (const auto& layer : mapping_) w = layer(w, kLeakyRelu);
  return w;
}

std::pair<Tensor, Tensor> Stylegan2Fused::synthesize(const std::vector<Tensor>& codes,
                                                     const std::vector<Tensor>& noises) const {
  const int64_t batch = codes[0].size(0);
  auto x = input_.expand({batch, -1, -1, -1}).contiguous(at::MemoryFormat::ChannelsLast);
  Tensor image;
  for (size_t i = 0; i < convs_.size(); ++i) {
    const Conv& conv = convs_[i];
    const auto style = conv.style(codes[i]);
    const auto energy = ops::packed_linear(conv.energy, style.square(), {});
    x = ops::styled_conv(conv.weight, {.x = x,
                                       .in_scale = style,
                                       .out_scale = at::rsqrt(energy + 1e-8),
                                       .noise = noises[i],
                                       .noise_strength = conv.noise_strength,
                                       .bias = conv.bias,
                                       .activation = conv.activation,
                                       .upsample = conv.upsample,
                                       .fir = conv.fir});
    if (i % 2 != 0) continue;
    const Rgb& rgb = to_rgbs_[i / 2];
    image = ops::styled_to_rgb({.x = x,
                                .weight = rgb.weight * rgb.style(codes[i + 1]).unsqueeze(1),
                                .bias = rgb.bias,
                                .skip = image,
                                .clamp = rgb.clamp,
                                .fir = rgb.fir});
  }
  return {image, x};
}

}  // namespace lifted::nets
