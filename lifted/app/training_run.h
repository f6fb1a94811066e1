// What the commands that train have in common: where runs go, their rhythm, and how one is continued.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lifted/base/bounds.h"
#include "lifted/base/json.h"
#include "lifted/train/loop.h"

namespace lifted::app {

/// Ticks from one snapshot to the next; 0: only at the end.
inline constexpr Bounds kSnapshotTicks = bounds::whole(0, 1e6);
inline constexpr Bounds kShards = bounds::whole(0, 1 << 16);

/// Options that do not decide what is trained; a resumed run may change them.
struct RunSettings {
  std::string outdir, resume, device = "auto";
  double tick = 4;
  int snap = 10, threads = 0;
  bool dry_run = false;
  int64_t shards = 0;  // of a step's batch; 0: as many as processes
  train::World world = train::World::alone();
  int planned = 0;  // processes that a dry run plans for, where they are not there

  /// The number of shards, which is recorded.
  int64_t shard_count() { return shards = shards > 0 ? shards : std::max(world.size(), planned); }
  /// Whether a dry run is about several processes.
  bool plans_world() const { return dry_run && (world.size() > 1 || planned > 1); }
};
/// `resume_help` says what --resume takes.
void add_run_options(CLI::App& command, RunSettings& settings,
                     const std::string& resume_help = "Run folder to continue exactly where it was");

/// UsageError without --outdir.
void require_outdir(const RunSettings& run);
/// Runs work() in each of the processes that train together.
void train_in_world(RunSettings& run, const std::function<void()>& work);

/// UsageError if a number makes no sense.
train::LoopOptions loop_options(const RunSettings& run, double kimg);

/// The "settings" that a resumed run was started with. Each of `given` that stands on the command line must be the same
/// there (UsageError), except `movable` ones: files, whose new places are taken. What the folder does not know keeps
/// its value. Error if the folder is no run of `command`.
nlohmann::ordered_json stored_settings(const std::filesystem::path& folder, const CLI::App& command,
                                       const nlohmann::ordered_json& given, const std::vector<std::string>& movable);

/// What a Settings with `each(self, visit(option name, field))` holds, as JSON.
template <typename Settings>
nlohmann::ordered_json settings_json(const Settings& settings) {
  nlohmann::ordered_json json;
  Settings::each(settings, [&](const char* name, const auto& value) { json[name] = value; });
  return json;
}

/// Replaces such settings by those that the run in `folder` was started with; errors as stored_settings().
template <typename Settings>
void adopt_stored_settings(Settings& settings, const std::filesystem::path& folder, const CLI::App& command,
                           const std::vector<std::string>& movable = {"data"}) {
  const auto stored = stored_settings(folder, command, settings_json(settings), movable);
  const std::string what = folder.string() + ": its training_options.json";
  Settings::each(settings, [&](const char* name, auto& value) { read_field(stored, name, what, value); });
}

/// What a new run is: its folder is OUTDIR/NNNNN-description, and `record` its training_options.json.
struct NewRun {
  std::string description;
  nlohmann::ordered_json record;
};

/// `fresh.record` with the length and rhythm of `loop`, which a resumed run adopts.
nlohmann::ordered_json record_of(const NewRun& fresh, const RunSettings& run, const train::LoopOptions& loop);

/// The folder that rank 0 makes or opens again; the others watch it.
train::RunDirectory made_by_rank_0(const train::World& world, const std::function<train::RunDirectory()>& make);

/// Trains in a new folder, or goes on in that of --resume from its newest training state, which must be of `options`
/// (what the task's values() hold under that name). Either way training_options.json gets the length and rhythm of
/// `loop`. With --dry-run only says that all is in order. Of several processes rank 0 chooses the state and makes the
/// folder; Error on all unless all have the same options, data and weights.
train::LoopEnd train_in_folder(train::TrainingTask& task, const RunSettings& run, const train::LoopOptions& loop,
                               const NewRun& fresh, const nlohmann::ordered_json& options);

}  // namespace lifted::app
