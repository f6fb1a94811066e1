// NVIDIA's StyleGAN2-ADA generators in this project's (rosinality's) terms.
#pragma once

#include <nlohmann/json.hpp>

#include <string_view>

#include "lifted/base/state_dict.h"
#include "lifted/nets/stylegan2_config.h"

namespace lifted::nets {

struct ConvertedGenerator {
  Stylegan2Config config;
  StateDict state;           // rosinality's key names
  torch::Tensor latent_avg;  // w_dim: the network's w_avg
};

/// Whether the keys are those of an ADA generator (mapping.fc0.weight, synthesis.b4.const, …).
bool is_ada_generator(const StateDict& state);

/// Renames and rescales an ADA G_ema state dict so that our generator computes the same images: ADA keeps convolution
/// weights without the 1/sqrt(fan_in) that ours multiplies in at use. `init_kwargs`: the constructor's keyword
/// arguments (synthesis_kwargs.conv_clamp and mapping_kwargs.{num_layers, lr_multiplier} are read; everything else
/// follows from shapes). A noise map that the network uses but does not hold is left
/// out. Error, naming `what`, if the network is conditional, grey, not square, not of the skip architecture, or lacks
/// or misshapes a tensor.
ConvertedGenerator convert_ada_generator(const StateDict& state, const nlohmann::json& init_kwargs,
                                         std::string_view what);

}  // namespace lifted::nets
