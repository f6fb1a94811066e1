// What distinguishes one StyleGAN2 generator from another.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "lifted/base/state_dict.h"

namespace lifted::nets {

struct Stylegan2Config {
  int size = 256;  // side of the image: a power of two, 8 to 4096
  int z_dim = 512, w_dim = 512;
  int mapping_layers = 8;
  double mapping_lr_mul = 0.01;
  std::vector<int> channels;         // channels[i] is the width at resolution 4·2^i
  std::optional<double> conv_clamp;  // bounds activations (NVIDIA's ADA networks: 256)

  bool operator==(const Stylegan2Config&) const = default;
  nlohmann::json to_json() const;
  static Stylegan2Config from_json(const nlohmann::json& json);

  /// log2(size) − 1, the number of resolutions from 4 up.
  int levels() const { return static_cast<int>(channels.size()); }
  /// Error unless the numbers describe a network.
  void validate() const;
};

/// "lite" (the LiftedGAN authors' table) or "full" (rosinality's, with its channel multiplier).
std::vector<int> lite_channels(int size);
std::vector<int> full_channels(int size, int multiplier = 2);

/// Reads the configuration off the tensor shapes of a generator's state dict (rosinality's key names). `what` names the
/// source in errors. The mapping's learning-rate multiplier leaves no trace in shapes and is taken to be 0.01, as in
/// every published network.
Stylegan2Config infer_stylegan2_config(const StateDict& rosinality_g_ema, std::string_view what);

}  // namespace lifted::nets
