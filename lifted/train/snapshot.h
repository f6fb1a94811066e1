// Everything a run needs to go on exactly where it was, in one verified file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lifted/base/state_dict.h"

namespace lifted::train {

struct TrainingState {
  int64_t images = 0;     // shown so far
  StateDict tensors;      // weights, optimizers
  nlohmann::json values;  // numbers: counters, running means, configuration
};

/// training-state-NNNNNNNNN.safetensors.
std::string training_state_name(int64_t images);

/// SHA-256 over names, shapes, values and numbers.
std::string digest_of(const TrainingState& state);

/// Writes folder/training-state-NNNNNNNNN.safetensors (N: images) atomically, with a SHA-256 over names, shapes, values
/// and numbers, then removes all but the newest `keep`. Error if it cannot be written; earlier states are untouched
/// then.
std::filesystem::path write_training_state(const std::filesystem::path& folder, const TrainingState& state,
                                           int keep = 2);

/// Error naming the file if it is not a training state or its contents do not have the SHA-256 it carries.
TrainingState read_training_state(const std::filesystem::path& path);

/// The training states in a folder, newest first.
std::vector<std::filesystem::path> list_training_states(const std::filesystem::path& folder);

/// The newest state in the folder that verifies; `rejected` hears why newer ones do not. Nothing if there is none at
/// all.
std::optional<TrainingState> read_newest_training_state(const std::filesystem::path& folder,
                                                        const std::function<void(const std::string& why)>& rejected);

/// The entries of `state` whose keys begin with `prefix`, without it.
StateDict entries_under(const StateDict& state, std::string_view prefix);
/// Adds `entries` to `state` with `prefix` before their keys.
void add_under(StateDict& state, std::string_view prefix, const StateDict& entries);

}  // namespace lifted::train
