// The StyleGAN2 generator in a checkpoint, in whatever layout and under whatever prefix it was saved.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lifted/formats/checkpoint.h"
#include "lifted/model/network_kind.h"
#include "lifted/nets/stylegan2_config.h"

namespace lifted::model {

/// A generator's tensors before it is built.
struct GeneratorState {
  nets::Stylegan2Config config;
  StateDict tensors = {};                 // rosinality's names, noise maps included
  torch::Tensor latent_avg = {};          // w_dim, float32; undefined if the file has none
  std::string average_source = {};        // of latent_avg, for people
  std::string place = {};                 // "g_ema", "state_dict: decoder."; empty for the whole file
  std::vector<std::string> remarks = {};  // what the user ought to know: "it has no noise maps: …"
};

/// Where rosinality's generator lies in a checkpoint: the averaged one if there is one, under any prefix ("module.",
/// "_orig_mod.", "decoder."…). None if there is no generator.
struct GeneratorPlace {
  formats::Value tensors;   // a dict
  std::string key, prefix;  // of that dict in the file (empty: the file itself); of the tensors' names in it
  bool average = true;      // false: the file has a generator as last trained ("g"), and no average
  /// "state_dict: decoder."
  std::string text() const;
};
std::optional<GeneratorPlace> find_generator(const formats::Value& root);

/// The module that holds NVIDIA's generator: G_ema, else G, else the file's only object. None if there is no module.
struct NvidiaGenerator {
  formats::Value module;
  std::string key;  // empty: the file itself
};
std::optional<NvidiaGenerator> find_nvidia_generator(const formats::Value& root);

/// Of kind stylegan2 or nvidia_ada. Noise maps that the file lacks are drawn, map i as
/// numpy.random.RandomState(i).randn(side, side). Error, naming file and tensor, if the network is of a kind that
/// cannot be run: not square, grey, class-conditional, of another architecture.
GeneratorState generator_state(const formats::Checkpoint& checkpoint, NetworkKind kind, const std::string& file);

}  // namespace lifted::model
