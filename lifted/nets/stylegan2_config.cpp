#include "lifted/nets/stylegan2_config.h"

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
  config.z_dim = static_cast<int>(generator_tensor(state, "style.1.weight", 2, what).size(1));
  config.w_dim = static_cast<int>(
      generator_tensor(state, "style." + std::to_string(config.mapping_layers) + ".weight", 2, what).size(0));
  config.channels.push_back(static_cast<int>(generator_tensor(state, "input.input", 4, what).size(1)));
  const int convs = count_while_present(state, 0, "convs.", ".conv.weight");
  require(convs >= 2 && convs % 2 == 0, "{}: {} tensors 'convs.N.conv.weight'; expected two per resolution", what,
          convs);
  require(convs <= 20, "{}: {} convolutions; expected at most 20 (a 4096-pixel image)", what, convs);
  for (int i = 0; i < convs; i += 2) {
    config.channels.push_back(
        static_cast<int>(generator_tensor(state, "convs." + std::to_string(i) + ".conv.weight", 5, what).size(1)));
  }
  config.size = 4 << (convs / 2);
  config.validate();
  return config;
}

}  // namespace lifted::nets
