// liftedgan train-lift: lift a 2D generator to 3D.
#include <memory>

#include "lifted/app/commands.h"
#include "lifted/app/lifting.h"
#include "lifted/app/training_command.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/runtime.h"
#include "lifted/model/import.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Settings {
  LiftSettings lift;
  TrainingSettings loop{.outdir = {}, .resume = {}, .device = "auto", .kimg = 400, .tick = 1, .snap = 10};
};

std::string description(const LiftSettings& s, int size, int64_t batch) {
  std::string text = fmt::format("{}-lift{}-{}-batch{}", fs::path(s.gan).stem().string(), size,
                                 fs::path(s.preset).stem().string(), batch);
  for (const auto& term : s.without) text += "-wo_" + term;
  return text;
}

void run(Settings s, const CLI::App& command) {
  if (!s.loop.resume.empty()) {
    s.lift = LiftSettings::from_json(settings_of_run(command, s.lift.to_json(), s.loop.resume), s.loop.resume);
  }
  if (s.lift.gan.empty())
    usage_error("--gan: expected a generator: a checkpoint of StyleGAN2 or a snapshot of train-gan");
  if (s.loop.outdir.empty() && s.loop.resume.empty()) usage_error("--outdir: expected a folder for the runs");
  set_threads(s.loop.threads);
  loop_options(s.loop);  // a mistake is better found before networks are read
  const torch::Device device = parse_device(s.loop.device);
  const auto gan = model::load_network(s.lift.gan);
  LiftPlan plan;
  train::LiftTask task = make_lift_task(s.lift, gan, device, plan);
  log_info("{}", plan.options.to_json().dump(2));
  if (s.loop.dry_run) {
    log_info("dry run: everything is in order, nothing was written");
    return;
  }
  const ordered_json record = {
      {"command", "train-lift"}, {"settings", s.lift.to_json()},   {"kimg", s.loop.kimg},
      {"notes", plan.notes},     {"model", plan.config.to_json()}, {"options", plan.options.to_json()}};
  start_or_resume(task, s.loop, description(s.lift, gan.generator->config().size, plan.options.batch), record,
                  plan.options.to_json());
}

}  // namespace

void add_train_lift(CLI::App& app) {
  auto* command = app.add_subcommand("train-lift", "Lift a 2D generator to 3D, without 3D supervision");
  auto s = std::make_shared<Settings>();
  add_lift_options(*command, s->lift);
  command->add_option("--wo", s->lift.without, "Ablations, any of flip, perturb, idt, rega")->delimiter(',');
  add_training_options(*command, s->loop, "Run folder to continue exactly where it was");
  command->callback([s, command] { run(*s, *command); });
}

}  // namespace lifted::app
