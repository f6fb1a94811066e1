// Sizes of the lifting networks, shared by all of them.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "lifted/base/state_dict.h"

namespace lifted::nets {

constexpr int kLightSize = 4, kViewSize = 6;  // numbers in a raw light and a raw view

struct LiftingConfig {
  int size = 256;             // image side S, a power of two ≥ 16
  int feature_channels = 16;  // of the generator's last feature map
  int style_dim = 512;        // of a w code
  int mlp_width = 512;        // hidden width of the MLPs
  std::vector<int> widths;    // channels at 4, 8, … S/2; at 256: 512, 256, 128, 64, 32, 16

  /// The published sizes at 256; at other S the last level has 16 channels too and each level before it twice as many,
  /// up to 512. Error unless `size` is a power of two from 16 to 1024.
  static LiftingConfig at(int size, int feature_channels, int style_dim);

  nlohmann::json to_json() const;
  static LiftingConfig from_json(const nlohmann::json& json);
  bool operator==(const LiftingConfig&) const = default;
};

/// Reads the sizes off the depth network's tensors (published key names). `what` names the file in errors.
LiftingConfig infer_lifting_config(const StateDict& depth_net, std::string_view what);

}  // namespace lifted::nets
