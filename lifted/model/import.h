// From checkpoint files, in every published layout, to networks that run.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lifted/formats/checkpoint.h"
#include "lifted/model/lifted_gan.h"
#include "lifted/model/published_config.h"
#include "lifted/model/w_statistics.h"
#include "lifted/nets/stylegan2.h"

namespace lifted::model {

/// A generator, alone or lifted. Copies share the networks.
struct LoadedNetwork {
  nets::Stylegan2Generator generator{nullptr};
  WStatistics statistics;                                // of the generator; `lifted` has the same
  std::shared_ptr<LiftedGan> lifted;                     // null: the file holds a 2D generator only
  std::vector<std::filesystem::path> files;              // it was read from
  std::optional<PublishedConfig> config = {};            // of a LiftedGAN checkpoint: what its config.py says
  nlohmann::json provenance = nlohmann::json::object();  // what a lifted network file says about its own making

  /// The lifted model; Error that says what to pass if there is none.
  const LiftedGan& require_lifted() const;
};

/// Reads a network, telling by content what each file is:
///  * this project's own .safetensors (lifted or plain),
///  * a StyleGAN2 generator (rosinality's .pt, under any prefix, with or without its noise maps) or an NVIDIA
///    StyleGAN2-ADA .pkl: plain 2D,
///  * a LiftedGAN checkpoint_NNN.pth, with `gan` the generator it was trained with; our own without its generator, with
///    `gan` any network that has the same. `config`, else a config.py beside the checkpoint, says with which depths,
///    field of view and ranges it was trained; without either it has the published ones.
/// Parameters need no gradient. Error that says what a file is, and which command or option takes it, if it is
/// something else or the two do not belong together; that names the keys that are missing, unknown or misshapen, and
/// the tensor that holds NaN.
LoadedNetwork load_network(const std::filesystem::path& network, const std::optional<std::filesystem::path>& gan = {},
                           const std::optional<std::filesystem::path>& config = {});

/// The same of a checkpoint that has been read; `path` names it in messages.
LoadedNetwork load_network(const formats::Checkpoint& checkpoint, const std::filesystem::path& path,
                           const std::optional<std::filesystem::path>& gan = {},
                           const std::optional<std::filesystem::path>& config = {});

struct NetworkDescription {
  std::string sentence;  // "FILE is a StyleGAN2 generator (rosinality's layout); pass it as …"
  std::vector<std::pair<std::string, std::string>> facts;  // {"image size", "256"}, …
};
/// What a file is, without building its networks; of one that load_network() refuses, why. Error only if it is no
/// checkpoint at all.
NetworkDescription describe_network(const std::filesystem::path& path);
/// The same of a checkpoint that has been read.
NetworkDescription describe_network(const formats::Checkpoint& checkpoint, const std::filesystem::path& path);

}  // namespace lifted::model
