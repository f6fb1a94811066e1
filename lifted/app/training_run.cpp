#include "lifted/app/training_run.h"
#include "lifted/app/validators.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "lifted/app/device_options.h"
#include "lifted/app/resuming.h"
#include "lifted/app/world_plan.h"
#include "lifted/app/world_run.h"
#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/base/log.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// What states of earlier versions mean where they say nothing.
nlohmann::json unsaid(const std::string& option) {
  return option == "precision" ? nlohmann::json(name_of(Precision::fp32)) : nlohmann::json();
}

/// The state to go on from, checked to be of this configuration.
train::TrainingState find_state(const fs::path& folder, const ordered_json& options) {
  auto state = train::read_newest_training_state(
      folder, [](const std::string& why) { log_warning("{}; trying an older one", why); });
  require(state.has_value(), "{}: no training state in it that can be used; start a new run", folder.string());
  const std::string what = folder.string() + ": its training state";
  const auto stored =
      json_field<nlohmann::json>(json_field<nlohmann::json>(state->values, "task", what), "options", what);
  const nlohmann::json wanted = options;
  for (const auto& [name, value] : wanted.items()) {
    const auto said = stored.contains(name) ? stored[name] : unsaid(name);
    require(said == value, "{}: its training state is of another configuration: {} is {}, expected {}", folder.string(),
            name, said.is_null() ? "absent" : shown(said), shown(value));
  }
  return std::move(*state);
}

/// The same of all processes: rank 0 chooses.
train::TrainingState agreed_state(const fs::path& folder, const ordered_json& options, const train::World& world) {
  if (world.size() == 1) return find_state(folder, options);
  train::TrainingState state;
  world.together(
      [&] {
        if (world.writes()) state = find_state(folder, options);
      },
      "find the newest training state");
  const std::string name =
      world.broadcast(train::training_state_name(state.images), "hear which training state to go on from");
  world.together(
      [&] {
        if (!world.writes()) state = train::read_training_state(folder / name);
      },
      "read the training state");
  return state;
}

/// For `liftedgan launch`, which starts again from there.
void tell_launcher(const fs::path& run) {
  if (const char* file = std::getenv("LIFTED_RUN_FILE"); file && *file)
    write_file_atomically(file, fs::absolute(run).string(), Flush::never);
}

void require_same_start(const train::TrainingTask& task, const train::LoopOptions& loop, const ordered_json& options) {
  require_same_everywhere(loop.world, {{"options", options},
                                       {"training", task.values()},
                                       {"images", loop.total_images},
                                       {"images per tick", loop.images_per_tick},
                                       {"ticks per snapshot", loop.snapshot_ticks}});
}

}  // namespace

train::RunDirectory made_by_rank_0(const train::World& world, const std::function<train::RunDirectory()>& make) {
  std::optional<train::RunDirectory> directory;
  world.together(
      [&] {
        if (!world.writes()) return;
        directory.emplace(make());
        tell_launcher(directory->path());
      },
      "make the run folder");
  const std::string path = world.broadcast(directory ? directory->path().string() : "", "hear of the run folder");
  return directory ? std::move(*directory) : train::RunDirectory::watch(path);
}

void add_run_options(CLI::App& command, RunSettings& s, const std::string& resume_help) {
  command.add_option("--outdir,--out-dir", s.outdir, "Folder for runs; this one gets a numbered folder inside");
  command.add_option("--tick", s.tick, "Thousand images between status lines")
      ->transform(number(bounds::thousand_images))
      ->capture_default_str();
  command.add_option("--snap", s.snap, "Ticks between snapshots; 0: only at the end")
      ->transform(number(kSnapshotTicks))
      ->capture_default_str();
  command.add_option("--resume", s.resume, resume_help);
  add_device_option(command, s.device);
  command.add_option("--threads", s.threads, "Computing threads; 0: OMP_NUM_THREADS, else every core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command
      .add_option("--shards", s.shards,
                  "Parts of a step's batch, each with draws and groups of its own, that processes share among "
                  "themselves; 0: as many as processes (docs/distributed.md)")
      ->transform(number(kShards))
      ->capture_default_str();
  command.add_flag("-n,--dry-run", s.dry_run, "Check everything, print the plan, write nothing");
}

void require_outdir(const RunSettings& run) {
  if (run.outdir.empty()) usage_error("--outdir: expected a folder for the runs");
}

void train_in_world(RunSettings& run, const std::function<void()>& work) {
  in_world({run.threads, run.device, run.dry_run ? &run.planned : nullptr}, [&](const train::World& world) {
    run.world = world;
    work();
  });
}

train::LoopOptions loop_options(const RunSettings& run, double kimg) {
  bounds::thousand_images.check("--kimg", kimg);
  bounds::thousand_images.check("--tick", run.tick);
  kSnapshotTicks.check("--snap", run.snap);
  train::LoopOptions options;
  options.total_images = std::llround(kimg * 1000);
  options.images_per_tick = std::max<int64_t>(1, std::llround(run.tick * 1000));
  options.snapshot_ticks = options.image_ticks = run.snap;
  options.world = run.world;
  return options;
}

ordered_json stored_settings(const fs::path& folder, const CLI::App& command, const ordered_json& given,
                             const std::vector<std::string>& movable) {
  require(fs::is_directory(folder), "--resume {}: there is no such folder", folder.string());
  const ordered_json options = train::RunDirectory::options_of(folder);
  const bool has_command = options.contains("command") && options["command"] == command.get_name();
  require(has_command && options.contains("settings") && options["settings"].is_object(),
          "{}: its training_options.json is not one of {}", folder.string(), command.get_name());
  ordered_json stored = options["settings"];
  for (const auto& [name, value] : given.items()) {
    const bool is_given = command.get_option("--" + name)->count() > 0;
    const bool moved = is_given && std::ranges::find(movable, name) != movable.end();
    if (moved || !stored.contains(name)) stored[name] = value;
    if (is_given && stored[name] != value) {
      usage_error(
          "--{} {}: the run in {} was started with {}; leave the option out, or start a new run from one of its "
          "snapshots",
          name, shown(value), folder.string(), shown(stored[name]));
    }
  }
  return stored;
}

ordered_json record_of(const NewRun& fresh, const RunSettings& run, const train::LoopOptions& loop) {
  ordered_json record = fresh.record;
  record["kimg"] = static_cast<double>(loop.total_images) / 1000;
  record["tick"] = run.tick, record["snap"] = run.snap;
  return record;
}

train::LoopEnd train_in_folder(train::TrainingTask& task, const RunSettings& run, const train::LoopOptions& loop,
                               const NewRun& fresh, const ordered_json& options) {
  const auto in_order = [&] {
    if (run.plans_world()) print_world_plan(task, run);
    log_info("dry run: everything is in order, nothing was written");
    return train::LoopEnd::finished;
  };
  const ordered_json record = record_of(fresh, run, loop);
  const train::World& world = run.world;
  require_same_start(task, loop, options);
  if (!run.resume.empty()) {
    const train::TrainingState state = agreed_state(run.resume, options, world);
    // Whether it is of these files is found before anything is written.
    task.load_state(state.tensors, state.values.at("task"));
    if (run.dry_run) return in_order();
    auto directory = made_by_rank_0(world, [&] {
      record_changes(run.resume, record);
      return train::RunDirectory::reopen(run.resume, state.images);
    });
    directory.say(fmt::format("resuming {} at kimg {:.3f}", run.resume, static_cast<double>(state.images) / 1000));
    return run_training(task, directory, loop, &state);
  }
  if (run.dry_run) {
    require_possible_folder(run.outdir);
    return in_order();
  }
  auto directory =
      made_by_rank_0(world, [&] { return train::RunDirectory::create(run.outdir, fresh.description, record); });
  directory.say(fmt::format("run folder {}", directory.path().string()));
  return run_training(task, directory, loop);
}

}  // namespace lifted::app
