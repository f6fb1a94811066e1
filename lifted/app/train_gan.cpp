// liftedgan train-gan: train a StyleGAN2 on a set of images.
#include <nlohmann/json.hpp>

#include <cmath>
#include <map>
#include <memory>

#include "lifted/app/commands.h"
#include "lifted/app/device_options.h"
#include "lifted/app/resuming.h"
#include "lifted/app/training_run.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/runtime.h"
#include "lifted/train/gan_task.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr Bounds kAverageImages = bounds::between(0, 1e9);  // thousands

/// What the command line says. The first group decides what is trained, and a resumed run must agree on it.
struct GanSettings {
  std::string data, channels = "lite", aug = "ada", precision = "fp32";
  int size = 64;
  int64_t batch = 16, batch_part = 0;
  bool mirror = false;
  double gamma = 10, lr = 0.002, p = 0.2, target = 0.6, ema = 0, warmup = 0;
  uint64_t seed = 0;

  double kimg = 25000;
  std::string discriminator;
  bool grow = false;
  RunSettings run{.outdir = {}, .resume = {}, .device = "auto", .tick = 4, .snap = 50};

  /// Calls visit(option name, field) for everything in the first group.
  template <typename Self, typename Visit>
  static void each(Self& self, const Visit& visit) {
    visit("data", self.data);
    visit("size", self.size);
    visit("channels", self.channels);
    visit("batch", self.batch);
    visit("batch-part", self.batch_part);
    visit("mirror", self.mirror);
    visit("gamma", self.gamma);
    visit("lr", self.lr);
    visit("aug", self.aug);
    visit("p", self.p);
    visit("target", self.target);
    visit("ema", self.ema);
    visit("warmup", self.warmup);
    visit("precision", self.precision);
    visit("seed", self.seed);
    visit("shards", self.run.shards);
  }
};

train::AugmentMode augment_mode(const std::string& name) {
  if (name == "ada") return train::AugmentMode::adaptive;
  if (name == "fixed") return train::AugmentMode::fixed;
  if (name == "noaug") return train::AugmentMode::none;
  usage_error("--aug {}: expected ada, noaug or fixed", name);
}

train::GanOptions gan_options(GanSettings& s) {
  if (s.size < 8 || s.size > 1024 || (s.size & (s.size - 1)) != 0) {
    usage_error("--size {}: expected a power of two from 8 to 1024", s.size);
  }
  kAverageImages.check("--ema", s.ema);
  kAverageImages.check("--warmup", s.warmup);
  train::GanOptions options;
  train::set_channels(options, s.channels, s.size);
  options.training.lr = s.lr;
  options.training.r1_gamma = s.gamma;
  options.training.precision = parse_precision(s.precision);
  options.batch = s.batch;
  options.batch_part = s.batch_part;
  options.mirror = s.mirror;
  options.augment = augment_mode(s.aug);
  options.augment_strength = options.augment == train::AugmentMode::fixed ? s.p : 0;
  options.augment_target = s.target;
  options.seed = s.seed;
  options.shards = s.run.shard_count();
  if (s.ema > 0) options.average_decay = std::pow(0.5, static_cast<double>(s.batch) / (s.ema * 1000));
  options.warmup_images = std::llround(s.warmup * 1000);
  return options;
}

std::string description(const GanSettings& s, const std::string& data) {
  return fmt::format("{}{}-{}{}-batch{}-gamma{:g}-{}", data, s.mirror ? "-mirror" : "", s.channels, s.size, s.batch,
                     s.gamma, s.aug);
}

void print_plan(const GanSettings& s, const data::Dataset& images, torch::Device device, train::GanTask& task) {
  const auto count = [](const torch::nn::Module& module) {
    int64_t total = 0;
    for (const auto& p : module.parameters()) total += p.numel();
    return static_cast<double>(total) / 1e6;
  };
  log_info("{}", settings_json(s).dump(2));
  log_info("data {}: {} images of {}x{}; training for {:g} kimg on {}", s.data, images.size(), images.width(),
           images.height(), s.kimg, device.str());
  log_info("generator {:.2f} M parameters, discriminator {:.2f} M parameters", count(*task.trainer().generator),
           count(*task.trainer().discriminator));
}

void train_gan(GanSettings s, const CLI::App& command) {
  std::string transfer;
  if (!s.run.resume.empty()) {
    require(fs::exists(s.run.resume), "--resume {}: there is no such folder or file", s.run.resume);
    if (fs::is_directory(s.run.resume)) {
      adopt_stored_settings(s, s.run.resume, command);
      adopt_rhythm(s.run, s.kimg, s.run.resume, command);
    } else {
      std::swap(transfer, s.run.resume);
    }
  }
  if (!s.discriminator.empty() && transfer.empty()) {
    usage_error("--discriminator {}: expected --resume with a checkpoint of the generator it belongs to",
                s.discriminator);
  }
  if (s.grow && transfer.empty()) usage_error("--grow: expected --resume with a checkpoint of half of --size");
  if (s.data.empty()) usage_error("--data: expected a folder, zip or lmdb of images");
  if (s.run.resume.empty()) require_outdir(s.run);
  set_threads(s.run.threads);
  const train::GanOptions options = gan_options(s);
  const train::LoopOptions loop = loop_options(s.run, s.kimg);
  const torch::Device device = choose_device(s.run.device, parse_precision(s.precision));
  const auto images = std::make_shared<const data::Dataset>(s.data, s.size);
  options.validate(*images);
  train::GanTask task(options, images, device, s.run.world);
  print_plan(s, *images, device, task);
  if (!transfer.empty()) log_info("{}", task.transfer_from(transfer, s.discriminator, s.grow));
  const ordered_json record = {{"command", "train-gan"},   {"settings", settings_json(s)},     {"kimg", s.kimg},
                               {"transfer", transfer},     {"discriminator", s.discriminator}, {"grow", s.grow},
                               {"images", images->size()}, {"options", options.to_json()}};
  train_in_folder(task, s.run, loop, {description(s, fs::path(s.data).stem().string()), record}, options.to_json());
}

}  // namespace

void add_train_gan(CLI::App& app) {
  auto* command = app.add_subcommand("train-gan", "Train a StyleGAN2 on a set of images");
  auto s = std::make_shared<GanSettings>();
  command->add_option("--data", s->data,
                      "Images, all of --size: a folder, a zip or an lmdb (`dataset make` makes one from any images)");
  command->add_option("--size", s->size, "Side of the images: a power of two")
      ->transform(number(bounds::network_side))
      ->capture_default_str();
  command->add_option("--channels", s->channels, "Widths of the networks")
      ->transform(choice({"lite", "full", "tiny", "micro"}))
      ->capture_default_str();
  command->add_option("--batch", s->batch, "Images per step")->transform(number(bounds::batch))->capture_default_str();
  command
      ->add_option(
          "--batch-part", s->batch_part,
          "Images at a time, in whole groups of the minibatch deviation (up to 4), to save memory: the results "
          "stay those of the whole batch; 0: all at once")
      ->transform(number(bounds::batch_or_default))
      ->capture_default_str();
  command->add_option("--seed", s->seed, "Seed of every random stream")->transform(seed())->capture_default_str();
  command->add_flag("--mirror", s->mirror, "Show images mirrored half of the time");
  command->add_option("--aug", s->aug, "Augmentation")
      ->transform(choice({"ada", "noaug", "fixed"}))
      ->capture_default_str();
  command->add_option("--p", s->p, "Strength of --aug fixed")->transform(number(bounds::share))->capture_default_str();
  command->add_option("--target", s->target, "What --aug ada keeps the mean sign of D(real) at")
      ->transform(number(bounds::between(-1, 1)))
      ->capture_default_str();
  command->add_option("--gamma", s->gamma, "Weight of the R1 penalty")
      ->transform(number(bounds::weight))
      ->capture_default_str();
  command->add_option("--lr", s->lr, "Learning rate of both networks")
      ->transform(number(bounds::learning_rate))
      ->capture_default_str();
  command
      ->add_option("--ema", s->ema, "Half-life of the generator's average, in thousand images; 0: published, per step")
      ->transform(number(kAverageImages))
      ->capture_default_str();
  command
      ->add_option("--warmup", s->warmup,
                   "Thousand images at first that train the discriminator alone: for generators that come without one")
      ->transform(number(kAverageImages))
      ->capture_default_str();
  command->add_option("--kimg", s->kimg, "Train until so many thousand images were shown")
      ->transform(number(bounds::thousand_images))
      ->capture_default_str();
  command->add_option("--discriminator", s->discriminator,
                      "Checkpoint to take the discriminator from, where the one of --resume has none");
  command->add_flag(
      "--grow", s->grow,
      "The checkpoint of --resume is of half of --size: start from its picture enlarged, with new layers");
  add_precision_option(*command, s->precision);
  add_run_options(*command, s->run,
                  "Run folder to continue exactly where it was, or a checkpoint whose weights to start from");
  command->callback([s, command] { train_in_world(s->run, [&] { train_gan(*s, *command); }); });
}

}  // namespace lifted::app
