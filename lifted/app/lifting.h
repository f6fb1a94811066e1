// From what a command line says about lifting to a task that trains it; train-lift and ablate share it.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lifted/model/network_file.h"
#include "lifted/train/lift_task.h"

namespace lifted::app {

/// Everything that decides what is trained.
struct LiftSettings {
  std::string gan, preset = "ffhq", init, config, vgg, embedding, precision = "fp32";
  std::vector<std::string> without, set;
  int64_t batch = 0;
  uint64_t seed = 0;

  nlohmann::ordered_json to_json() const;
  /// Error naming `what` if the JSON is not one of to_json().
  static LiftSettings from_json(const nlohmann::ordered_json& json, const std::string& what);
};

/// --gan, --preset, --init, --config, --vgg, --embedding, --set, --batch, --precision, --seed.
void add_lift_options(CLI::App& command, LiftSettings& settings);

/// UsageError for presets, terms and coefficients that do not exist or are out of range, Error naming the preset's
/// file: before a network is read.
void check_settings(const LiftSettings& settings);

struct LiftPlan {
  train::LiftTaskOptions options;
  model::LiftConfig config;
  std::optional<model::LoadedNetwork> init;  // of --init
  std::vector<std::string> notes;            // which terms are off or replaced, and why
};

/// A task ready to train, with `plan` what it will do. A term whose network is not given is off. UsageError for
/// presets, terms and coefficients that do not exist.
train::LiftTask make_lift_task(const LiftSettings& settings, const model::LoadedNetwork& gan, torch::Device device,
                               LiftPlan& plan, const train::Shards& shards = {});

/// The ablations of the report's Table 3: names that --wo takes.
inline constexpr const char* kAblations[] = {"flip", "perturb", "idt", "rega"};

}  // namespace lifted::app
