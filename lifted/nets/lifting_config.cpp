#include "lifted/nets/lifting_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "lifted/base/json.h"

namespace lifted::nets {
namespace {

const torch::Tensor& weight(const StateDict& state, const std::string& key, int dimensions, std::string_view what) {
  const auto found = state.find(key);
  require(found != state.end(), "{}: is no depth network: the tensor {} is missing", what, key);
  require(found->second.dim() == dimensions, "{}: is no depth network: {} has {} dimensions, expected {}", what, key,
          found->second.dim(), dimensions);
  return found->second;
}

}  // namespace

LiftingConfig LiftingConfig::at(int size, int feature_channels, int style_dim) {
  require(size >= 16 && size <= 1024 && (size & (size - 1)) == 0,
          "lifting networks: image size {} is not a power of two from 16 to 1024", size);
  constexpr int kLastWidth = 16, kMaxWidth = 512;
  LiftingConfig config{size, feature_channels, style_dim, style_dim, {}};
  for (int side = 4; side < size; side *= 2) {
    config.widths.push_back(std::min(kMaxWidth, kLastWidth * (size / 2 / side)));
  }
  return config;
}

nlohmann::json LiftingConfig::to_json() const {
  return {{"size", size},
          {"feature_channels", feature_channels},
          {"style_dim", style_dim},
          {"mlp_width", mlp_width},
          {"widths", widths}};
}

LiftingConfig LiftingConfig::from_json(const nlohmann::json& json) {
  LiftingConfig config{};
  const auto read = [&](const char* key, auto& value) { read_field(json, key, "lifting networks' sizes", value); };
  read("size", config.size);
  read("feature_channels", config.feature_channels);
  read("style_dim", config.style_dim);
  read("mlp_width", config.mlp_width);
  read("widths", config.widths);
  return config;
}

LiftingConfig infer_lifting_config(const StateDict& state, std::string_view what) {
  LiftingConfig config;
  const auto& first = weight(state, "mlp.0.weight", 2, what);
  config.style_dim = static_cast<int>(first.size(1));
  config.mlp_width = static_cast<int>(first.size(0));
  constexpr int64_t kMostInLayer = 8192;
  require(first.numel() > 0 && first.size(0) <= kMostInLayer && first.size(1) <= kMostInLayer,
          "{}: is no depth network: mlp.0.weight has shape {}×{}, expected at most {} each", what, first.size(0),
          first.size(1), kMostInLayer);
  config.feature_channels = static_cast<int>(weight(state, "inject.weight", 4, what).size(1));
  config.widths = {static_cast<int>(weight(state, "network.0.weight", 4, what).size(1))};
  // Each level is six entries of the published Sequential: transposed conv, norm, ReLU, conv, norm, ReLU.
  for (int index = 4; state.count(fmt::format("network.{}.weight", index)); index += 6) {
    const auto& convolution = weight(state, fmt::format("network.{}.weight", index), 4, what);
    require(convolution.size(0) == config.widths.back() && convolution.numel() > 0,
            "{}: is no depth network: network.{}.weight takes {} channels, expected {}", what, index,
            convolution.size(0), config.widths.back());
    config.widths.push_back(static_cast<int>(convolution.size(1)));
  }
  require(config.widths.size() >= 2 && config.widths.size() <= 8,
          "{}: a depth network of {} levels is not supported, expected 1 to 7", what, config.widths.size() - 1);
  for (const int width : config.widths) {
    require(width >= 4 && width % 4 == 0 && width <= 4096, "{}: {} channels in a level, expected a multiple of 4", what,
            width);
  }
  config.size = 4 << config.widths.size();
  return config;
}

}  // namespace lifted::nets
