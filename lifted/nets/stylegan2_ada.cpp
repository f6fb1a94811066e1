#include "lifted/nets/stylegan2_ada.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/error.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

/// Takes tensors out of ADA's state dict by name, checking shapes, and remembers which were read.
class AdaReader {
 public:
  AdaReader(const StateDict& state, std::string_view what) : state_(state), what_(what) {}

  bool has(const std::string& key) const { return state_.count(key) > 0; }
  Tensor take(const std::string& key, int64_t dims) const {
    const auto found = state_.find(key);
    if (found == state_.end()) fail("{}: no tensor '{}'; expected a StyleGAN2-ADA generator", what_, key);
    if (found->second.dim() != dims) {
      fail("{}: tensor '{}' has shape {}, expected {} dimensions", what_, key, fmt::join(found->second.sizes(), "×"),
           dims);
    }
    return found->second.to(at::kFloat);
  }
  /// The tensor of exactly this shape; `meaning` says what another would stand for.
  torch::Tensor take(const std::string& key, std::vector<int64_t> shape, std::string_view meaning) const {
    const Tensor tensor = take(key, static_cast<int64_t>(shape.size()));
    if (tensor.sizes() != torch::IntArrayRef(shape)) {
      fail("{}: tensor '{}' has shape {}, expected {}: {}", what_, key, fmt::join(tensor.sizes(), "×"),
           fmt::join(shape, "×"), meaning);
    }
    return tensor;
  }
  std::string_view what() const { return what_; }

 private:
  const StateDict& state_;
  std::string_view what_;
};

constexpr const char* kNotSquare = "networks whose images are not square are not supported";

std::string block(int side) {
  return "synthesis.b" + std::to_string(side) + ".";
}

/// out×in×k×k as used → 1×out×in×k×k such that weight/sqrt(fan_in) is that.
Tensor equalized(const Tensor& weight) {
  const double fan_in = static_cast<double>(weight[0].numel());
  return (weight.to(at::kDouble) * std::sqrt(fan_in)).to(at::kFloat).unsqueeze(0);
}

void convert_affine(const AdaReader& ada, const std::string& from, const std::string& to, StateDict& out) {
  out[to + ".conv.modulation.weight"] = ada.take(from + "affine.weight", 2);
  out[to + ".conv.modulation.bias"] = ada.take(from + "affine.bias", 1);
}

/// The kernel ADA stores sums to one; ours carries the gain of twofold upsampling.
Tensor upsampling_filter(const AdaReader& ada, const std::string& key) {
  return ada.take(key, 2) * 4;
}

/// One SynthesisLayer. noise_index counts the convolutions from the lowest resolution.
void convert_conv(const AdaReader& ada, const std::string& from, const std::string& to, int noise_index,
                  StateDict& out) {
  const bool upsample = from.find(".conv0.") != std::string::npos;
  out[to + ".conv.weight"] = equalized(ada.take(from + "weight", 4));
  convert_affine(ada, from, to, out);
  out[to + ".activate.bias"] = ada.take(from + "bias", 1);
  const int side = 4 << ((noise_index + 1) / 2);
  const bool noise = ada.has(from + "noise_strength");
  out[to + ".noise.weight"] = noise ? ada.take(from + "noise_strength", 0).view({1}) : torch::zeros({1});
  const std::string map = "noises.noise_" + std::to_string(noise_index);
  if (!noise) {
    out[map] = torch::zeros({1, 1, side, side});
  } else if (ada.has(from + "noise_const")) {
    out[map] = ada.take(from + "noise_const", {side, side}, kNotSquare).view({1, 1, side, side});
  }
  if (upsample) out[to + ".conv.blur.kernel"] = upsampling_filter(ada, from + "resample_filter");
}

/// ADA's ToRGB multiplies its style by 1/sqrt(in) instead of the weight: the same product.
void convert_rgb(const AdaReader& ada, int side, const std::string& to, StateDict& out) {
  const auto from = block(side) + "torgb.";
  if (!ada.has(from + "weight")) {
    fail("{}: no tensor '{}weight': only the 'skip' architecture of StyleGAN2-ADA is supported", ada.what(), from);
  }
  const auto weight = ada.take(from + "weight", 4);
  if (weight.size(0) != 3) {
    fail("{}: tensor '{}weight' makes {} colour channel{}, expected 3: only networks of RGB images are supported",
         ada.what(), from, weight.size(0), weight.size(0) == 1 ? "" : "s");
  }
  out[to + ".conv.weight"] = weight.unsqueeze(0);
  convert_affine(ada, from, to, out);
  out[to + ".bias"] = ada.take(from + "bias", 1).view({1, 3, 1, 1});
  if (side > 4) out[to + ".upsample.kernel"] = upsampling_filter(ada, block(side) + "resample_filter");
}

int convert_mapping(const AdaReader& ada, StateDict& out) {
  require(!ada.has("mapping.embed.weight"),
          "{}: the network is class-conditional (it has a tensor 'mapping.embed.weight'), which is not supported",
          ada.what());
  int layers = 0;
  for (std::string from; ada.has(from = "mapping.fc" + std::to_string(layers) + ".weight");) {
    const auto to = "style." + std::to_string(++layers);
    out[to + ".weight"] = ada.take(from, 2);
    out[to + ".bias"] = ada.take(from.substr(0, from.size() - 6) + "bias", 1);
  }
  require(layers > 0, "{}: no tensor 'mapping.fc0.weight'; expected a StyleGAN2-ADA generator", ada.what());
  return layers;
}

const nlohmann::json* find_argument(const nlohmann::json& kwargs, const char* group, const char* name) {
  if (!kwargs.is_object() || !kwargs.contains(group) || !kwargs[group].is_object()) return nullptr;
  const auto& inner = kwargs[group];
  return inner.contains(name) && inner[name].is_number() ? &inner[name] : nullptr;
}

}  // namespace

bool is_ada_generator(const StateDict& state) {
  return state.count("synthesis.b4.const") > 0 && state.count("mapping.fc0.weight") > 0;
}

ConvertedGenerator convert_ada_generator(const StateDict& state, const nlohmann::json& init_kwargs,
                                         std::string_view what) {
  const AdaReader ada(state, what);
  ConvertedGenerator result;
  StateDict& out = result.state;
  const Tensor input = ada.take("synthesis.b4.const", 3);
  out["input.input"] = ada.take("synthesis.b4.const", {input.size(0), 4, 4}, kNotSquare).unsqueeze(0);
  convert_mapping(ada, out);
  convert_conv(ada, block(4) + "conv1.", "conv1", 0, out);
  convert_rgb(ada, 4, "to_rgb1", out);
  int conv = 0;
  for (int side = 8; ada.has(block(side) + "conv1.weight"); side *= 2) {
    convert_conv(ada, block(side) + "conv0.", "convs." + std::to_string(conv), conv + 1, out);
    convert_conv(ada, block(side) + "conv1.", "convs." + std::to_string(conv + 1), conv + 2, out);
    convert_rgb(ada, side, "to_rgbs." + std::to_string(conv / 2), out);
    conv += 2;
  }
  result.config = infer_stylegan2_config(out, what);
  if (const auto* clamp = find_argument(init_kwargs, "synthesis_kwargs", "conv_clamp"))
    result.config.conv_clamp = clamp->get<double>();
  if (const auto* rate = find_argument(init_kwargs, "mapping_kwargs", "lr_multiplier"))
    result.config.mapping_lr_mul = rate->get<double>();
  result.latent_avg = ada.has("mapping.w_avg") ? ada.take("mapping.w_avg", 1) : Tensor();
  return result;
}

}  // namespace lifted::nets
