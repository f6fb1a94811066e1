// liftedgan train-lift: lift a 2D generator to 3D.
#include <memory>
#include <optional>
#include <utility>

#include "lifted/app/commands.h"
#include "lifted/app/device_options.h"
#include "lifted/app/lifting.h"
#include "lifted/app/published_run.h"
#include "lifted/app/resuming.h"
#include "lifted/app/training_run.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/json.h"
#include "lifted/base/log.h"
#include "lifted/base/runtime.h"
#include "lifted/model/import.h"
#include "lifted/model/published_config.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct LiftRunSettings {
  LiftSettings lift;
  double kimg = 400;
  RunSettings run{.outdir = {}, .resume = {}, .device = "auto", .tick = 1};
};

std::string lift_description(const LiftSettings& s, int size, int64_t batch) {
  std::string text = fmt::format("{}-lift{}-{}-batch{}", fs::path(s.gan).stem().string(), size,
                                 fs::path(s.preset).stem().string(), batch);
  for (const auto& term : s.without) text += "-wo_" + term;
  return text;
}

/// Everything that decides what is trained.
ordered_json settings_of(const LiftRunSettings& s) {
  ordered_json settings = s.lift.to_json();
  settings["shards"] = s.run.shards;
  return settings;
}

/// Of --resume FILE: the checkpoint of LiftedGAN whose weights and config.py a new run starts with.
std::optional<fs::path> take_checkpoint(LiftRunSettings& s) {
  if (!fs::is_regular_file(s.run.resume)) return {};
  const fs::path checkpoint = std::exchange(s.run.resume, "");
  if (!s.lift.init.empty())
    usage_error("--resume {} and --init {}: expected one of them", checkpoint.string(), s.lift.init);
  require_published_checkpoint(checkpoint);
  s.lift.init = checkpoint.string();
  if (const auto config = model::config_beside(checkpoint); s.lift.config.empty() && config)
    s.lift.config = config->string();
  return checkpoint;
}

void train_lift(LiftRunSettings s, const CLI::App& command) {
  const std::optional<fs::path> checkpoint = take_checkpoint(s);
  if (!s.run.resume.empty()) {
    const std::vector<std::string> files = {"gan", "init", "config", "vgg", "embedding"};
    const ordered_json stored = stored_settings(s.run.resume, command, settings_of(s), files);
    s.lift = LiftSettings::from_json(stored, s.run.resume);
    read_field(stored, "shards", s.run.resume, s.run.shards);
    adopt_rhythm(s.run, s.kimg, s.run.resume, command);
  }
  if (s.lift.gan.empty())
    usage_error("--gan: expected a generator: a checkpoint of StyleGAN2 or a snapshot of train-gan");
  if (s.run.resume.empty()) require_outdir(s.run);
  check_settings(s.lift);
  set_threads(s.run.threads);
  const train::LoopOptions loop = loop_options(s.run, s.kimg);
  const torch::Device device = choose_device(s.run.device, parse_precision(s.lift.precision));
  const auto gan = model::load_network(s.lift.gan);
  LiftPlan plan;
  train::LiftTask task = make_lift_task(s.lift, gan, device, plan, {s.run.shard_count(), s.run.world});
  log_info("{}", plan.options.to_json().dump(2));
  const ordered_json record = {
      {"command", "train-lift"}, {"settings", settings_of(s)},     {"kimg", s.kimg},
      {"notes", plan.notes},     {"model", plan.config.to_json()}, {"options", plan.options.to_json()}};
  const NewRun fresh = {lift_description(s.lift, gan.generator->config().size, plan.options.batch), record};
  if (checkpoint) {
    continue_published(task, *checkpoint, s.run, loop, fresh);
  } else {
    train_in_folder(task, s.run, loop, fresh, plan.options.to_json());
  }
}

}  // namespace

void add_train_lift(CLI::App& app) {
  auto* command = app.add_subcommand("train-lift", "Lift a 2D generator to 3D, without 3D supervision");
  auto s = std::make_shared<LiftRunSettings>();
  add_lift_options(*command, s->lift);
  command->add_option("--wo", s->lift.without, "Ablations")
      ->delimiter(',')
      ->transform(choice({std::begin(kAblations), std::end(kAblations)}));
  command->add_option("--kimg", s->kimg, "Train until so many thousand samples were shown")
      ->transform(number(bounds::thousand_images))
      ->capture_default_str();
  add_run_options(*command, s->run,
                  "Run folder to continue exactly where it was; or a LiftedGAN checkpoint_NNN.pth, to go on from its "
                  "weights, Adam state and step in a new run");
  command->callback([s, command] { train_in_world(s->run, [&] { train_lift(*s, *command); }); });
}

}  // namespace lifted::app
