// What the training commands share: the options of the loop, and going on with an earlier run.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "lifted/train/loop.h"
#include "lifted/train/snapshot.h"

namespace lifted::app {

/// How long to train, how often to report, where; nothing of it decides what is trained.
struct TrainingSettings {
  std::string outdir, resume, device = "auto";
  double kimg = 0, tick = 4;
  int snap = 50, threads = 0;
  bool dry_run = false;
};

/// --outdir, --kimg, --tick, --snap, --resume, --device, --threads, --dry-run; the settings' values are the defaults.
/// `resume_help` says what --resume takes.
void add_training_options(CLI::App& command, TrainingSettings& settings, const std::string& resume_help);

/// UsageError if the numbers make no sense.
train::LoopOptions loop_options(const TrainingSettings& settings);

/// The settings a run was started with. Error unless `folder` is a run of `command_name`; UsageError if an option that
/// `given` holds under its own name was set on the command line, to something else.
nlohmann::ordered_json settings_of_run(const CLI::App& command, const nlohmann::ordered_json& given,
                                       const std::filesystem::path& folder);

/// Trains: a new run in --outdir with `record` as its training_options.json, or, with --resume, the newest usable state
/// there, which must have been written under the same `options`.
train::LoopEnd start_or_resume(train::TrainingTask& task, const TrainingSettings& settings,
                               const std::string& description, const nlohmann::ordered_json& record,
                               const nlohmann::json& options);

}  // namespace lifted::app
