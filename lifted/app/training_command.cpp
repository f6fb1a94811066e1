#include "lifted/app/training_command.h"

#include <cmath>

#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/train/run_directory.h"

namespace lifted::app {
namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

void add_training_options(CLI::App& command, TrainingSettings& s, const std::string& resume_help) {
  command.add_option("--outdir", s.outdir, "Folder for runs; this one gets a numbered folder inside");
  command.add_option("--kimg", s.kimg, "Train until so many thousand images were shown")->capture_default_str();
  command.add_option("--tick", s.tick, "Thousand images between status lines")->capture_default_str();
  command.add_option("--snap", s.snap, "Ticks between snapshots (0: only at the end)")->capture_default_str();
  command.add_option("--resume", s.resume, resume_help);
  command.add_option("--device", s.device, "cpu, cuda, cuda:N or auto")->capture_default_str();
  command.add_option("--threads", s.threads, "Computing threads (0: OMP_NUM_THREADS, else every core)")
      ->capture_default_str();
  command.add_flag("-n,--dry-run", s.dry_run, "Check everything, print the plan, write nothing");
}

train::LoopOptions loop_options(const TrainingSettings& s) {
  if (!(s.kimg > 0) || !(s.tick > 0) || s.snap < 0)
    usage_error("--kimg and --tick: expected positive numbers; --snap: 0 or more");
  train::LoopOptions options;
  options.total_images = std::llround(s.kimg * 1000);
  options.images_per_tick = std::max<int64_t>(1, std::llround(s.tick * 1000));
  options.snapshot_ticks = options.image_ticks = s.snap;
  return options;
}

ordered_json settings_of_run(const CLI::App& command, const ordered_json& given, const fs::path& folder) {
  const ordered_json options = train::RunDirectory::options_of(folder);
  const std::string name = command.get_name();
  require(options.value("command", "") == name && options.contains("settings"),
          "{}: its training_options.json is not one of {}", folder.string(), name);
  const ordered_json& stored = options["settings"];
  for (const auto& [option, value] : given.items()) {
    require(stored.contains(option), "{}: its training_options.json has no '{}'", folder.string(), option);
    if (command.get_option("--" + option)->count() > 0 && stored[option] != value) {
      usage_error(
          "--{} {}: the run in {} was started with {}; leave the option out, or start a new run from one of its "
          "snapshots",
          option, value.dump(), folder.string(), stored[option].dump());
    }
  }
  return stored;
}

namespace {

/// The state to go on from, checked to be of this configuration.
train::TrainingState find_state(const fs::path& folder, const json& options) {
  auto state = train::read_newest_training_state(
      folder, [](const std::string& why) { log_warning("{}; trying an older one", why); });
  require(state.has_value(), "{}: no training state in it that can be used; start a new run", folder.string());
  const json& stored = state->values.at("task").at("options");
  for (const auto& [name, value] : options.items()) {
    require(stored.contains(name) && stored[name] == value,
            "{}: its training state is of another configuration: {} is {}, expected {}", folder.string(), name,
            stored.contains(name) ? stored[name].dump() : "absent", value.dump());
  }
  return std::move(*state);
}

}  // namespace

train::LoopEnd start_or_resume(train::TrainingTask& task, const TrainingSettings& settings,
                               const std::string& description, const ordered_json& record, const json& options) {
  const train::LoopOptions loop = loop_options(settings);
  if (!settings.resume.empty()) {
    const train::TrainingState state = find_state(settings.resume, options);
    auto directory = train::RunDirectory::reopen(settings.resume, state.images);
    directory.say(fmt::format("resuming {} at kimg {:.3f}", settings.resume, static_cast<double>(state.images) / 1000));
    return run_training(task, directory, loop, &state);
  }
  auto directory = train::RunDirectory::create(settings.outdir, description, record);
  directory.say(fmt::format("run folder {}", directory.path().string()));
  return run_training(task, directory, loop);
}

}  // namespace lifted::app
