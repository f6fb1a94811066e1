// What `reproduce` makes a report from: per domain the original and the reproduced model, ablations, data; judges.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lifted/app/meter.h"

namespace lifted::app {

/// Weights of one model: a lifted network, and the generator and config.py of LiftedGAN checkpoints.
struct ModelEntry {
  std::filesystem::path network, gan = {}, config = {};
};

struct NamedModel {
  std::string name;  // "original", "reproduced", "wo_flip"
  ModelEntry files;
};

/// A set of pictures that the report shows models of.
struct DomainEntry {
  std::string key;    // "faces", "cats", "celeba", or any other
  std::string title;  // "FFHQ"
  std::optional<ModelEntry> original, reproduced;
  std::vector<NamedModel> ablations;
  std::filesystem::path data;
  std::filesystem::path stats = {};  // of real images, inception_NAME.pkl: measured against in place of data

  /// Original and reproduced, those that are there.
  std::vector<NamedModel> models() const;
};

struct Manifest {
  std::vector<DomainEntry> domains;
  std::string seeds = "0-15";
  double truncation = 0.7;  // of pictures; of what is measured: meter.suite's
  MeterSettings meter;

  const DomainEntry* find(const std::string& key) const;
  /// Paths are relative to `folder`. Error naming `what` and the entry if one is unknown, missing or contradictory.
  static Manifest from_json(const nlohmann::ordered_json& json, const std::filesystem::path& folder,
                            const std::string& what);
  static Manifest read(const std::filesystem::path& file);
  /// Error naming `what` and the entry if a network is no lifted one, or lacks or does not take a gan or config: told
  /// by what the files are, before any is loaded.
  void check_networks(const std::string& what) const;
  /// As from_json() takes it, with absolute paths.
  nlohmann::ordered_json to_json() const;
};

/// An example with every entry; keys that begin with "//" are comments.
std::string manifest_example();

}  // namespace lifted::app
