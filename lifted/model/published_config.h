// The configuration that the authors' LiftedGAN keeps beside its checkpoints: config.py, which fixes depths, field of
// view, ranges and coefficients. A checkpoint is rendered right only with its values. Read as literals, never run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lifted/model/lift_config.h"

namespace lifted::model {

struct PublishedConfig {
  std::filesystem::path file;
  nlohmann::json model = nlohmann::json::object();     // the fields of LiftConfig that it fixes
  nlohmann::json training = nlohmann::json::object();  // of train::LiftTrainerOptions, coefficients under "weights"
  std::optional<int64_t> batch, image_size;
  /// What it says beside, each with its line: values that have no counterpart here, or that cannot be read and are none
  /// of the above.
  std::vector<std::string> not_applied;

  /// `base` with its values. Error naming the file if they are out of range, or made for images of another size.
  LiftConfig apply_to(const LiftConfig& base, int size) const;
};

/// Error naming file, line and name if a value that matters is computed, is of the wrong type, or asks for what this
/// program does not do; and if a statement may change such a value (if, for, def, import * …).
PublishedConfig read_published_config(const std::filesystem::path& file);

/// config.py in the checkpoint's folder, if there is one.
std::optional<std::filesystem::path> config_beside(const std::filesystem::path& checkpoint);

}  // namespace lifted::model
