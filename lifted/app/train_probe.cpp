// liftedgan train-probe: train a network that reads view and light off images.
#include <cmath>
#include <memory>

#include "lifted/app/commands.h"
#include "lifted/app/device_options.h"
#include "lifted/app/resuming.h"
#include "lifted/app/training_run.h"
#include "lifted/app/validators.h"
#include "lifted/app/world_run.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/runtime.h"
#include "lifted/train/probe_task.h"

namespace lifted::app {
namespace {
struct ProbeSettings {
  std::string data, labels, arch = "small", precision = "fp32";
  int64_t batch = 64;
  double lr = 2e-3, weight_decay = 1e-4, held_out = 0.1, kimg = 200;
  bool no_mirror = false;
  uint64_t seed = 0;
  RunSettings run;

  /// Calls visit(option name, field) for everything that decides what is trained.
  template <typename Self, typename Visit>
  static void each(Self& self, const Visit& visit) {
    visit("data", self.data);
    visit("labels", self.labels);
    visit("arch", self.arch);
    visit("batch", self.batch);
    visit("lr", self.lr);
    visit("weight-decay", self.weight_decay);
    visit("held-out", self.held_out);
    visit("kimg", self.kimg);
    visit("no-mirror", self.no_mirror);
    visit("precision", self.precision);
    visit("seed", self.seed);
    visit("shards", self.run.shards);
  }
};

train::ProbeOptions probe_options(ProbeSettings& s, int64_t total_images) {
  bounds::inner_share.check("--held-out", s.held_out);
  train::ProbeOptions options;
  options.images = {.network = nets::named_face_embedding(s.arch),
                    .batch = s.batch,
                    .total_images = total_images,
                    .lr = s.lr,
                    .weight_decay = s.weight_decay,
                    .mirror = !s.no_mirror,
                    .precision = parse_precision(s.precision),
                    .seed = s.seed,
                    .shards = s.run.shard_count()};
  options.images.network.dropout = 0;
  options.held_out = s.held_out;
  return options;
}

void train_probe(ProbeSettings s, const CLI::App& command) {
  if (!s.run.resume.empty()) {
    adopt_stored_settings(s, s.run.resume, command, {"data", "labels"});
    adopt_rhythm(s.run, s.kimg, s.run.resume, command);
  }
  if (s.data.empty()) usage_error("--data: expected a folder, zip or lmdb of images");
  if (s.labels.empty()) usage_error("--labels: expected JSON lines of `heads labels` or `heads render --ground-truth`");
  if (s.run.outdir.empty() && s.run.resume.empty()) usage_error("--outdir: expected a folder for the runs");
  set_threads(s.run.threads);
  const train::LoopOptions loop = loop_options(s.run, s.kimg);
  const auto options = probe_options(s, loop.total_images);
  const torch::Device device = choose_device(s.run.device, parse_precision(s.precision));
  const auto images = std::make_shared<const data::Dataset>(s.data);
  train::ProbeTask task(options, images, data::read_view_light_labels(s.labels, images->archive()), device,
                        s.run.world);
  log_info("data {}: {} images of {}x{}: {} to train on, {} held out", s.data, images->size(), images->width(),
           images->height(), task.training_images(), task.held_out_images());
  const std::string stem = std::filesystem::path(s.data).stem().string();
  train_in_folder(task, s.run, loop,
                  {fmt::format("{}-probe-{}-batch{}", stem, s.arch, s.batch),
                   {{"command", "train-probe"},
                    {"settings", settings_json(s)},
                    {"images", images->size()},
                    {"options", options.to_json()}}},
                  options.to_json());
}

}  // namespace

void add_train_probe(CLI::App& app) {
  auto* command = app.add_subcommand("train-probe", "Train a network that reads view and light off images");
  auto s = std::make_shared<ProbeSettings>();
  command->add_option("--data", s->data, "Images: a folder, a zip or an lmdb");
  command->add_option("--labels", s->labels, "What is true of them: JSON lines, as `heads labels` writes them");
  command->add_option("--arch", s->arch, "lresnet18 sees 128x128 pixels, small 64x64")
      ->transform(choice({"lresnet18", "small"}))
      ->capture_default_str();
  command->add_option("--batch", s->batch, "Images per step")->transform(number(bounds::batch))->capture_default_str();
  command->add_option("--kimg", s->kimg, "Thousand images to show; the learning rate falls to the end")
      ->transform(number(bounds::thousand_images))
      ->capture_default_str();
  command->add_option("--lr", s->lr, "Highest learning rate")
      ->transform(number(bounds::learning_rate))
      ->capture_default_str();
  command->add_option("--weight-decay", s->weight_decay, "Weight decay")
      ->transform(number(bounds::weight_decay))
      ->capture_default_str();
  command->add_option("--held-out", s->held_out, "Share of people kept apart to measure with")
      ->transform(number(bounds::inner_share))
      ->capture_default_str();
  command->add_flag("--no-mirror", s->no_mirror, "Never show images mirrored");
  command->add_option("--seed", s->seed, "Seed of every random stream")->transform(seed())->capture_default_str();
  add_precision_option(*command, s->precision, HalfBlocks::none);
  add_run_options(*command, s->run);
  command->callback([s, command] {
    in_world({s->run.threads, s->run.device, s->run.dry_run ? &s->run.planned : nullptr},
             [&](const train::World& world) {
               s->run.world = world;
               train_probe(*s, *command);
             });
  });
}

}  // namespace lifted::app
