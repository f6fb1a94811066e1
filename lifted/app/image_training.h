// What the commands have in common that train a small network on pictures: options, and the way from them to a run.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lifted/app/device_options.h"
#include "lifted/app/resuming.h"
#include "lifted/app/training_run.h"
#include "lifted/base/runtime.h"
#include "lifted/train/image_task.h"

namespace lifted::app {

/// How long, how fast and from which seed.
struct ScheduleSettings {
  int64_t batch = 64;
  double lr = 2e-3, weight_decay = 1e-4, kimg = 100;
  uint64_t seed = 0;
  RunSettings run;

  /// Calls visit(option name, field) for everything that decides what is trained.
  template <typename Self, typename Visit>
  static void each(Self& self, const Visit& visit) {
    visit("batch", self.batch);
    visit("lr", self.lr);
    visit("weight-decay", self.weight_decay);
    visit("kimg", self.kimg);
    visit("seed", self.seed);
    visit("shards", self.run.shards);
  }
};
/// `batch_help` says of what a batch is. Options of runs as well.
void add_schedule_options(CLI::App& command, ScheduleSettings& settings, const char* batch_help = "Images per step");

/// Of networks that learn from pictures whose truth is known.
struct ImageTrainingSettings : ScheduleSettings {
  std::string data, precision = "fp32";
  double held_out = 0.1;
  bool no_mirror = false;

  template <typename Self, typename Visit>
  static void each(Self& self, const Visit& visit) {
    visit("data", self.data);
    visit("held-out", self.held_out);
    visit("no-mirror", self.no_mirror);
    visit("precision", self.precision);
    ScheduleSettings::each(self, visit);
  }
};

/// What a command makes of its settings. All see all images: `task` says how they are divided.
struct ImageTraining {
  std::unique_ptr<train::ImageTask> task;
  std::string description;  ///< of the run's folder, after the data's name
  nlohmann::ordered_json options;
  std::string division;  ///< "900 to train on, 100 held out"
};

/// A command of that kind. Settings: an ImageTrainingSettings with each().
template <typename Settings>
struct ImageTrainingCommand {
  const char* name;
  const char* description;
  const char* data_help;
  const char* missing_data;  ///< what --data expects
  std::vector<std::string> files = {"data"};
  std::function<void(CLI::App& command, Settings& settings)> add_options = [](CLI::App&, Settings&) {};
  /// UsageError for settings that make no sense.
  std::function<void(const Settings& settings)> check = [](const Settings&) {};
  std::function<ImageTraining(const Settings& settings, train::ImageTaskOptions options,
                              std::shared_ptr<const data::Dataset> images, torch::Device device)>
      prepare;
};

/// What `task` learns from and what it is measured with.
template <typename Task>
std::string divided(const Task& task) {
  return fmt::format("{} to train on, {} held out", task.training_images(), task.held_out_images());
}

/// --arch of networks that look at faces.
void add_face_architecture(CLI::App& command, std::string& arch);
/// UsageError unless --data is given and shares make sense.
void check_image_settings(const ImageTrainingSettings& settings, const char* missing_data);
/// The part of a task's options that all have. Fixes the number of shards.
train::ImageTaskOptions image_options(ImageTrainingSettings& settings, int64_t total_images);
void add_image_options(CLI::App& command, ImageTrainingSettings& settings, const char* data_help);
/// `settings` is the record's.
void train_images(const ImageTrainingSettings& s, const char* command, const nlohmann::ordered_json& settings,
                  const train::LoopOptions& loop, const data::Dataset& images, ImageTraining training);

/// The settings and rhythm of --resume's folder, where one is given; UsageError where there is no --outdir either.
template <typename Settings>
void adopt_run(Settings& s, const CLI::App& command, const std::vector<std::string>& files) {
  if (s.run.resume.empty()) return require_outdir(s.run);
  adopt_stored_settings(s, s.run.resume, command, files);
  adopt_rhythm(s.run, s.kimg, s.run.resume, command);
}

template <typename Settings>
void run_image_training(const ImageTrainingCommand<Settings>& kind, Settings s, const CLI::App& command) {
  adopt_run(s, command, kind.files);
  check_image_settings(s, kind.missing_data);
  kind.check(s);
  set_threads(s.run.threads);
  const train::LoopOptions loop = loop_options(s.run, s.kimg);
  const torch::Device device = choose_device(s.run.device, parse_precision(s.precision));
  const auto options = image_options(s, loop.total_images);
  const auto images = std::make_shared<const data::Dataset>(s.data);
  train_images(s, kind.name, settings_json(s), loop, *images, kind.prepare(s, options, images, device));
}

template <typename Settings>
void add_image_training(CLI::App& app, const ImageTrainingCommand<Settings>& kind) {
  auto* command = app.add_subcommand(kind.name, kind.description);
  auto s = std::make_shared<Settings>();
  add_image_options(*command, *s, kind.data_help);
  kind.add_options(*command, *s);
  command->callback([kind, s, command] { train_in_world(s->run, [&] { run_image_training(kind, *s, *command); }); });
}

}  // namespace lifted::app
