// liftedgan train-embedding: train the face network on labelled identities.
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
#include "lifted/train/embedding_task.h"

namespace lifted::app {
namespace {
constexpr Bounds kSoftmaxScale = bounds::above(0, 1000), kImagesOfOne = bounds::whole(0, 1e6),
                 kMargin{.low = 0, .high = 1, .without_high = true};

struct EmbeddingSettings {
  std::string data, arch = "lresnet18", precision = "fp32";
  int64_t images_per_identity = 0, batch = 64;
  double scale = 30, margin = 0.3, lr = 2e-3, weight_decay = 1e-4, held_out = 0.1, kimg = 300;
  bool no_mirror = false;
  uint64_t seed = 0;
  RunSettings run;

  /// Calls visit(option name, field) for everything that decides what is trained.
  template <typename Self, typename Visit>
  static void each(Self& self, const Visit& visit) {
    visit("data", self.data);
    visit("arch", self.arch);
    visit("images-per-identity", self.images_per_identity);
    visit("batch", self.batch);
    visit("scale", self.scale);
    visit("margin", self.margin);
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

train::EmbeddingOptions embedding_options(EmbeddingSettings& s, int64_t total_images) {
  train::EmbeddingOptions options;
  options.images = {.network = nets::named_face_embedding(s.arch),
                    .batch = s.batch,
                    .total_images = total_images,
                    .lr = s.lr,
                    .weight_decay = s.weight_decay,
                    .mirror = !s.no_mirror,
                    .precision = parse_precision(s.precision),
                    .seed = s.seed,
                    .shards = s.run.shard_count()};
  kSoftmaxScale.check("--scale", s.scale);
  kMargin.check("--margin", s.margin);
  bounds::inner_share.check("--held-out", s.held_out);
  kImagesOfOne.check("--images-per-identity", static_cast<double>(s.images_per_identity));
  options.cosface = {.scale = s.scale, .margin = s.margin};
  options.held_out = s.held_out;
  options.images_per_identity = s.images_per_identity;
  return options;
}

void train_embedding(EmbeddingSettings s, const CLI::App& command) {
  if (!s.run.resume.empty()) {
    adopt_stored_settings(s, s.run.resume, command);
    adopt_rhythm(s.run, s.kimg, s.run.resume, command);
  }
  if (s.data.empty()) usage_error("--data: expected a folder per person, or images with labels");
  if (s.run.outdir.empty() && s.run.resume.empty()) usage_error("--outdir: expected a folder for the runs");
  set_threads(s.run.threads);
  const train::LoopOptions loop = loop_options(s.run, s.kimg);
  const auto options = embedding_options(s, loop.total_images);
  const torch::Device device = choose_device(s.run.device, parse_precision(s.precision));
  const auto images = std::make_shared<const data::Dataset>(s.data);
  train::EmbeddingTask task(options, images, device, s.run.world);
  log_info("data {}: {} images of {}x{}; identities by {}: {} to train on, {} held out", s.data, images->size(),
           images->width(), images->height(), task.label_source(), task.training_identities(),
           task.held_out_identities());
  const std::string stem = std::filesystem::path(s.data).stem().string();
  train_in_folder(task, s.run, loop,
                  {fmt::format("{}-embedding-{}-batch{}", stem, s.arch, s.batch),
                   {{"command", "train-embedding"},
                    {"settings", settings_json(s)},
                    {"images", images->size()},
                    {"options", options.to_json()}}},
                  options.to_json());
}

}  // namespace

void add_train_embedding(CLI::App& app) {
  auto* command = app.add_subcommand("train-embedding", "Train a face network to tell people apart");
  auto s = std::make_shared<EmbeddingSettings>();
  command->add_option("--data", s->data, "A folder per person, or any images whose dataset.json has class labels");
  command
      ->add_option("--images-per-identity", s->images_per_identity,
                   "Images without labels: so many of each person, one after another")
      ->transform(number(kImagesOfOne));
  command->add_option("--arch", s->arch, "lresnet18 sees 128x128 pixels, small 64x64")
      ->transform(choice({"lresnet18", "small"}))
      ->capture_default_str();
  command->add_option("--batch", s->batch, "Images per step")->transform(number(bounds::batch))->capture_default_str();
  command->add_option("--kimg", s->kimg, "Thousand images to show; the learning rate falls to the end")
      ->transform(number(bounds::thousand_images))
      ->capture_default_str();
  command->add_option("--scale", s->scale, "Scale of CosFace's softmax")
      ->transform(number(kSoftmaxScale))
      ->capture_default_str();
  command->add_option("--margin", s->margin, "Margin of CosFace, as cosine")
      ->transform(number(kMargin))
      ->capture_default_str();
  command->add_option("--lr", s->lr, "Highest learning rate")
      ->transform(number(bounds::learning_rate))
      ->capture_default_str();
  command->add_option("--weight-decay", s->weight_decay, "Weight decay")
      ->transform(number(bounds::weight_decay))
      ->capture_default_str();
  command->add_option("--held-out", s->held_out, "Share of people kept apart to verify with")
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
               train_embedding(*s, *command);
             });
  });
}

}  // namespace lifted::app
