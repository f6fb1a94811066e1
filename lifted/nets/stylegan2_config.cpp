#include "lifted/nets/stylegan2_config.h"

#include <cmath>

#include "lifted/base/json.h"

namespace lifted::nets {
namespace {

const torch::Tensor& generator_tensor(const StateDict& state, const std::string& key, int64_t dims,
                                      std::string_view what) {
  const auto found = state.find(key);
  if (found == state.end()) fail("{}: no tensor '{}'; expected the state dict of a StyleGAN2 generator", what, key);
  if (found->second.dim() != dims) {
    fail("{}: tensor '{}' has {} dimensions, expected {}", what, key, found->second.dim(), dims);
  }
  return found->second;
}

/// Of the sides and colours that StyleGAN2's tensors fix.
void require_sizes(const torch::Tensor& tensor, const std::string& key, std::vector<int64_t> expected,
                   std::string_view what, std::string_view meaning) {
  if (tensor.sizes() == torch::IntArrayRef(expected)) return;
  fail("{}: tensor '{}' has shape {}, expected {}: {}", what, key, fmt::join(tensor.sizes(), "×"),
       fmt::join(expected, "×"), meaning);
}

int count_while_present(const StateDict& state, int first, const std::string& before, const std::string& after) {
  int n = first;
  while (state.count(before + std::to_string(n) + after)) ++n;
  return n - first;
}

}  // namespace

void Stylegan2Config::validate() const {
  require(size >= 8 && size <= 4096 && (size & (size - 1)) == 0,
          "StyleGAN2: size {} is not a power of two from 8 to 4096", size);
  require((4 << (levels() - 1)) == size, "StyleGAN2: {} channel counts do not fit size {}", channels.size(), size);
  require(std::isfinite(mapping_lr_mul) && mapping_lr_mul > 0 && mapping_lr_mul <= 100,
          "StyleGAN2: mapping_lr_mul {}, expected more than 0 and at most 100", mapping_lr_mul);
  require(!conv_clamp || (std::isfinite(*conv_clamp) && *conv_clamp > 0),
          "StyleGAN2: conv_clamp {}, expected a positive number", conv_clamp.value_or(0));
  for (const int c : channels) require(c > 0 && c <= 65536, "StyleGAN2: {} channels", c);
  require(z_dim > 0 && w_dim > 0 && mapping_layers > 0 && mapping_layers < 1000,
          "StyleGAN2: z_dim {}, w_dim {}, mapping_layers {}: expected positive numbers", z_dim, w_dim, mapping_layers);
}

nlohmann::json Stylegan2Config::to_json() const {
  nlohmann::json json = {{"size", size},
                         {"z_dim", z_dim},
                         {"w_dim", w_dim},
                         {"mapping_layers", mapping_layers},
                         {"mapping_lr_mul", mapping_lr_mul},
                         {"channels", channels}};
  if (conv_clamp) json["conv_clamp"] = *conv_clamp;
  return json;
}

Stylegan2Config Stylegan2Config::from_json(const nlohmann::json& json) {
  constexpr const char* kWhat = "StyleGAN2 configuration";
  Stylegan2Config config;
  const auto read = [&](const char* key, auto& value) { read_field(json, key, kWhat, value); };
  read("size", config.size);
  read("z_dim", config.z_dim);
  read("w_dim", config.w_dim);
  read("mapping_layers", config.mapping_layers);
  read("channels", config.channels);
  config.mapping_lr_mul = json_field(json, "mapping_lr_mul", kWhat, 0.01);
  if (json.contains("conv_clamp")) config.conv_clamp = json_field<double>(json, "conv_clamp", kWhat);
  config.validate();
  return config;
}

std::vector<int> lite_channels(int size) {
  std::vector<int> channels;
  for (int side = 4; side <= size; side *= 2) channels.push_back(side <= 8 ? 512 : 4096 / side);
  return channels;
}

std::vector<int> full_channels(int size, int multiplier) {
  std::vector<int> channels;
  for (int side = 4; side <= size; side *= 2) channels.push_back(side <= 32 ? 512 : 16384 / side * multiplier);
  return channels;
}

Stylegan2Config infer_stylegan2_config(const StateDict& state, std::string_view what) {
  Stylegan2Config config;
  config.mapping_layers = count_while_present(state, 1, "style.", ".weight");
  const torch::Tensor& first = generator_tensor(state, "style.1.weight", 2, what);
  config.z_dim = static_cast<int>(first.size(1));
  config.w_dim = static_cast<int>(
      generator_tensor(state, "style." + std::to_string(config.mapping_layers) + ".weight", 2, what).size(0));
  // Square layers, and below convolutions that fit each other: so no network is larger than the tensors it is made of.
  for (int i = 1; i <= config.mapping_layers; ++i) {
    const std::string key = "style." + std::to_string(i) + ".weight";
    require_sizes(generator_tensor(state, key, 2, what), key, {config.w_dim, i == 1 ? config.z_dim : config.w_dim},
                  what, "a layer of the mapping");
  }
  const torch::Tensor& input = generator_tensor(state, "input.input", 4, what);
  require_sizes(input, "input.input", {1, input.size(1), 4, 4}, what,
                "networks whose images are not square are not supported");
  config.channels.push_back(static_cast<int>(input.size(1)));
  const torch::Tensor& rgb = generator_tensor(state, "to_rgb1.conv.weight", 5, what);
  require_sizes(rgb, "to_rgb1.conv.weight", {1, 3, rgb.size(2), 1, 1}, what,
                "only networks of RGB images are supported");
  const int convs = count_while_present(state, 0, "convs.", ".conv.weight");
  require(convs >= 2 && convs % 2 == 0, "{}: {} tensors 'convs.N.conv.weight'; expected two per resolution", what,
          convs);
  require(convs <= 20, "{}: {} convolutions; expected at most 20 (a 4096-pixel image)", what, convs);
  for (int i = 0; i < convs; i += 2) {
    const std::string key = "convs." + std::to_string(i) + ".conv.weight";
    const torch::Tensor& weight = generator_tensor(state, key, 5, what);
    require_sizes(weight, key, {1, weight.size(1), config.channels.back(), 3, 3}, what,
                  "a convolution of the one before");
    config.channels.push_back(static_cast<int>(weight.size(1)));
  }
  config.size = 4 << (convs / 2);
  try {
    config.validate();
  } catch (const Error& error) {
    fail("{}: {}", what, error.what());
  }
  return config;
}

}  // namespace lifted::nets
