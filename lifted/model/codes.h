// Style codes from files: what projectors write, in every layout of the field.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lifted/formats/checkpoint.h"
#include "lifted/nets/stylegan2_config.h"

namespace lifted::model {

/// N codes; either z or w is defined. All float32 on the CPU, finite and of sensible size.
struct StyleCodes {
  torch::Tensor z;                   // N×z_dim
  torch::Tensor w;                   // N×w_dim, or N×layers×w_dim with one code per layer
  std::vector<torch::Tensor> noise;  // the noise maps found with them, by layer N×1×H×W; empty if there are none
  int64_t size() const { return (z.defined() ? z : w).size(0); }
};

/// Whether a checkpoint's root is codes and nothing else: a tensor of codes, a dict with z, w, w_plus…, or rosinality's
/// projections {picture: {img, latent, noise}}.
bool holds_codes(const formats::Value& root);

/// Reads codes for a generator of this configuration from .safetensors, .npy, .npz (NVIDIA's projector), .pt:
///  * z, N×z_dim;
///  * w, w_plus, ws, latent, latents, styles, arr_0 or an array without a name: N×w_dim, or N×layers×w_dim, of which
///    equal layers (a repeated w) become N×w_dim; a single code may lack its first dimension;
///  * rosinality's projections, in the order of the file.
/// Error naming the file: what it is instead, or which shape does not fit the network.
StyleCodes load_codes(const std::filesystem::path& path, const nets::Stylegan2Config& generator);
StyleCodes load_codes(const formats::Checkpoint& checkpoint, const std::string& file,
                      const nets::Stylegan2Config& generator);

}  // namespace lifted::model
