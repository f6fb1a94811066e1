// liftedgan ablate: the full lifting and each of its ablations, trained alike and measured alike, in one table.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "lifted/app/commands.h"
#include "lifted/app/device_options.h"
#include "lifted/app/lifting.h"
#include "lifted/app/meter.h"
#include "lifted/app/result_table.h"
#include "lifted/app/resuming.h"
#include "lifted/app/training_run.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/log.h"
#include "lifted/base/runtime.h"
#include "lifted/model/import.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr double kTruncation = 0.7;  // of the codes measured: that of training

struct Settings {
  LiftSettings lift;
  int64_t steps = 10'000;
  MeterSettings meter{.metrics = "agreement",
                      .data = {},
                      .embedding = {},
                      .probe = {},
                      .depth = {},
                      .truth = {},
                      .encoder = {},
                      .inception = {},
                      .vgg = {},
                      .suite = {}};
  RunSettings run{.outdir = {}, .resume = {}, .device = "auto", .tick = 1, .snap = 5};
};

struct Variant {
  std::string name;
  std::vector<std::string> without;
};

std::vector<Variant> variants(const Settings& s) {
  std::vector<Variant> result = {{"full", {}}};
  for (const std::string term : kAblations) {
    if (term == "idt" && s.lift.embedding.empty()) {
      log_info("no --embedding: the identity term is off in every variant, wo_idt would be the full model again");
      continue;
    }
    result.push_back({"wo_" + term, {term}});
  }
  return result;
}

/// The run an earlier call began in `folder`, if there is one with a state to go on from.
std::string begun_run(const fs::path& folder) {
  if (!fs::is_directory(folder)) return {};
  std::vector<fs::path> runs;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && !train::list_training_states(entry.path()).empty()) runs.push_back(entry.path());
  }
  return runs.empty() ? std::string() : std::max_element(runs.begin(), runs.end())->string();
}

/// The steps and rhythm of an earlier call in this folder, where this one does not give its own.
void adopt_earlier_call(Settings& s, const std::vector<Variant>& all, const CLI::App& command) {
  for (const Variant& variant : all) {
    const std::string folder = begun_run(fs::path(s.run.outdir) / variant.name);
    if (folder.empty()) continue;
    double kimg = 0;
    adopt_rhythm(s.run, kimg, folder, command, "--steps");
    const ordered_json options = train::RunDirectory::options_of(folder);
    const auto batch = options.value(nlohmann::ordered_json::json_pointer("/options/batch"), 0.0);
    if (kimg > 0 && batch > 0) s.steps = std::llround(kimg * 1000 / batch);
    return;
  }
}

/// Trains a variant to its end, from where an earlier call left it. Nothing if it was interrupted.
std::optional<model::LoadedNetwork> train_variant(const Settings& s, const Variant& variant,
                                                  const model::LoadedNetwork& gan, torch::Device device) {
  LiftSettings lift = s.lift;
  lift.without = variant.without;
  LiftPlan plan;
  train::LiftTask task = make_lift_task(lift, gan, device, plan);
  RunSettings settings = s.run;
  settings.outdir = (fs::path(s.run.outdir) / variant.name).string();
  settings.resume = begun_run(settings.outdir);
  const double kimg = static_cast<double>(s.steps * plan.options.batch) / 1000;
  const ordered_json record = {
      {"command", "ablate"}, {"settings", lift.to_json()},     {"kimg", kimg},
      {"notes", plan.notes}, {"model", plan.config.to_json()}, {"options", plan.options.to_json()}};
  log_info("{}: {} steps of {} samples", variant.name, s.steps, plan.options.batch);
  const auto end =
      train_in_folder(task, settings, loop_options(settings, kimg), {"lift", record}, plan.options.to_json());
  if (end == train::LoopEnd::interrupted) return {};
  model::LoadedNetwork network = gan;
  network.lifted = std::make_shared<model::LiftedGan>(task.trainer().gan());
  network.statistics.mean = network.statistics.mean.to(device);
  return network;
}

void run(Settings s, const CLI::App& command) {
  if (s.lift.gan.empty())
    usage_error("--gan: expected a generator: a checkpoint of StyleGAN2 or a snapshot of train-gan");
  if (s.run.outdir.empty()) usage_error("--outdir: expected a folder");
  bounds::steps.check("--steps", static_cast<double>(s.steps));
  check_settings(s.lift);
  const std::vector<Variant> all_variants = variants(s);
  adopt_earlier_call(s, all_variants, command);
  set_threads(s.run.threads);
  const torch::Device device = choose_device(s.run.device, parse_precision(s.lift.precision));
  const auto gan = model::load_network(s.lift.gan);
  MeterSettings meter_settings = s.meter;
  meter_settings.embedding = s.lift.embedding;
  meter_settings.vgg = s.lift.vgg;
  meter_settings.suite.truncation_psi = kTruncation;
  const Meter meter(meter_settings, gan.generator->config().size, device);
  ordered_json all = ordered_json::array(), rows = ordered_json::array();
  for (const Variant& variant : all_variants) {
    const auto network = train_variant(s, variant, gan, device);
    if (!network) {
      log_info("interrupted; the same command goes on from here");
      return;
    }
    const WithNumerics exact({});
    const auto results = meter.measure(*network);
    all.push_back({{"variant", variant.name}, {"steps", s.steps}, {"trunc", kTruncation}, {"results", results}});
    rows.push_back({{"variant", variant.name}});
    rows.back().update(flatten_results(results));
    const std::string table = markdown_table(rows);
    write_file_atomically(fs::path(s.run.outdir) / "ablations.json", all.dump(2) + "\n");
    write_file_atomically(fs::path(s.run.outdir) / "ablations.md", table);
  }
  fmt::print("{}", markdown_table(rows));
}

}  // namespace

void add_ablate(CLI::App& app) {
  auto* command = app.add_subcommand("ablate", "Train the full lifting and its four ablations; end in one table");
  auto s = std::make_shared<Settings>();
  add_lift_options(*command, s->lift);
  command->add_option("--steps", s->steps, "Steps of each variant")
      ->transform(number(bounds::steps))
      ->capture_default_str();
  command->add_option("--outdir", s->run.outdir, "Folder of the runs and of the table; a second call goes on there");
  add_meter_options(*command, s->meter);
  command->add_option("--tick", s->run.tick, "Thousand samples between status lines")
      ->transform(number(bounds::thousand_images))
      ->capture_default_str();
  command->add_option("--snap", s->run.snap, "Ticks between panels and snapshots")
      ->transform(number(kSnapshotTicks))
      ->capture_default_str();
  add_device_option(*command, s->run.device);
  command->add_option("--threads", s->run.threads, "Computing threads; 0: OMP_NUM_THREADS, else every core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->callback([s, command] { run(*s, *command); });
}

}  // namespace lifted::app
