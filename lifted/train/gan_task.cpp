#include "lifted/train/gan_task.h"

#include <algorithm>

#include "lifted/base/bounds.h"
#include "lifted/base/error.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/model/network_file.h"
#include "lifted/nets/load.h"
#include "lifted/train/snapshot.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr int64_t kPictureRows = 6, kPictureColumns = 8;

const char* name_of(AugmentMode mode) {
  return mode == AugmentMode::adaptive ? "ada" : mode == AugmentMode::fixed ? "fixed" : "noaug";
}

/// Networks are initialized from torch's default generator: give it the run's seed first.
GanTrainer seeded_trainer(const GanOptions& options) {
  torch::manual_seed(derived_seed(options.seed, "weights"));
  return GanTrainer(options.generator, options.discriminator, options.training);
}

data::LoaderOptions loader_options(const GanOptions& options) {
  return {.batch = static_cast<int>(options.batch),
          .seed = derived_seed(options.seed, "data order"),
          .mirror = options.mirror,
          .workers = 1};
}

/// B×3×S×S in [-1, 1] side by side, row by row.
formats::Image tile(const Tensor& images) {
  const int64_t columns = std::min(kPictureColumns, images.size(0));
  const int64_t rows = images.size(0) / columns, side = images.size(2);
  const auto sheet = images.slice(0, 0, rows * columns)
                         .view({rows, columns, 3, side, side})
                         .permute({2, 0, 3, 1, 4})
                         .reshape({3, rows * side, columns * side});
  return formats::image_from_tensor(sheet, formats::Rounding::nvidia);
}

}  // namespace

// ---- Options ----

nlohmann::ordered_json GanOptions::to_json() const {
  return {{"generator", generator.to_json()},
          {"discriminator", discriminator.to_json()},
          {"batch", batch},
          {"batch_part", batch_part},
          {"lr", training.lr},
          {"gamma", training.r1_gamma},
          {"d_reg_every", training.d_reg_every},
          {"g_reg_every", training.g_reg_every},
          {"path_weight", training.path_weight},
          {"path_decay", training.path_decay},
          {"path_batch_shrink", path_batch_shrink},
          {"style_mixing", style_mixing},
          {"average_decay", average_decay},
          {"warmup_images", warmup_images},
          {"mirror", mirror},
          {"aug", name_of(augment)},
          {"aug_strength", augment_strength},
          {"aug_target", augment_target},
          {"seed", seed}};
}

void GanOptions::validate(const data::Dataset& images) const {
  bounds::batch.check("--batch", static_cast<double>(batch));
  if (batch_part < 0 || batch_part > batch) usage_error("--batch-part {}: expected 1 to --batch {}", batch_part, batch);
  bounds::learning_rate.check("--lr", training.lr);
  bounds::weight.check("--gamma", training.r1_gamma);
  bounds::share.check("--p", augment_strength);
  bounds::between(-1, 1).check("--target", augment_target);
  const std::string data = images.archive().path().string();
  if (images.size() < batch) {
    usage_error("--data {}: {} images, fewer than --batch {}; use more images or a smaller batch", data, images.size(),
                batch);
  }
  if (images.width() != generator.size || images.height() != generator.size) {
    usage_error("--data {}: images of {}x{} pixels, expected {}x{} (--size); `dataset make` resizes them", data,
                images.width(), images.height(), generator.size, generator.size);
  }
}

void set_channels(GanOptions& options, const std::string& table, int size) {
  auto& g = options.generator;
  auto& d = options.discriminator;
  g.size = d.size = size;
  if (table == "lite") {
    g.channels = nets::lite_channels(size);
    d.channels = nets::lite_discriminator_channels(size);
  } else if (table == "full") {
    g.channels = d.channels = nets::full_channels(size);
  } else if (table == "tiny" || table == "micro") {
    const int widest = table == "tiny" ? 256 : 128;
    g.z_dim = g.w_dim = widest;
    for (int side = 4; side <= size; side *= 2) g.channels.push_back(std::min(widest, 8 * widest / side));
    d.channels = g.channels;
  } else {
    usage_error("--channels {}: expected lite, full, tiny or micro", table);
  }
}

// ---- One step ----

GanTask::GanTask(GanOptions options, std::shared_ptr<const data::Dataset> images, torch::Device device)
    : options_(std::move(options)),
      images_(std::move(images)),
      device_(device),
      loader_(std::make_unique<data::Loader>(images_, loader_options(options_))),
      random_(options_.seed),
      trainer_(seeded_trainer(options_)),
      controller_({.target = options_.augment_target}) {
  if (!device_.is_cpu()) trainer_.to(device_);
  trainer_.noise_generator = random_.get("noise", device_);
  trainer_.augment = [this](const Tensor& batch) {
    return train::augment(batch, augmentation(), random_.get("augmentation"));
  };
}

void GanTask::step(Statistics& statistics) {
  const auto real = loader_->next().as_float().to(device_);
  train_discriminator(real, statistics);
  if (steps_ * options_.batch >= options_.warmup_images) {
    train_generator(statistics);
    trainer_.update_average(options_.average_decay);
  }
  ++steps_;
  statistics.add("Progress/augment", augmentation());
  statistics.add("Loss/signs/real", controller_.r_t());
}

void GanTask::train_discriminator(const Tensor& real, Statistics& statistics) {
  in_parts(options_.batch, [&](int64_t from, int64_t count, double share) {
    const auto loss = trainer_.discriminator_backward(real.slice(0, from, from + count), draw_latents(count), share);
    statistics.add("Loss/D/loss", loss.loss);
    statistics.add("Loss/scores/real", loss.real_logits.mean().item<double>());
    statistics.add("Loss/scores/fake", loss.fake_logits.mean().item<double>());
    if (options_.augment == AugmentMode::adaptive) controller_.observe(loss.real_logits);
  });
  statistics.add("Gradient/D", trainer_.update_discriminator("the discriminator's logistic loss"));
  if (options_.training.r1_gamma == 0 || steps_ % options_.training.d_reg_every != 0) return;
  in_parts(options_.batch, [&](int64_t from, int64_t count, double share) {
    statistics.add("Loss/r1_penalty", trainer_.r1_backward(real.slice(0, from, from + count), share));
  });
  statistics.add("Gradient/D_r1", trainer_.update_discriminator("the R1 penalty"));
}

void GanTask::train_generator(Statistics& statistics) {
  in_parts(options_.batch, [&](int64_t, int64_t count, double share) {
    statistics.add("Loss/G/loss", trainer_.generator_backward(draw_latents(count), share));
  });
  statistics.add("Gradient/G", trainer_.update_generator("the generator's loss"));
  if (options_.training.path_weight == 0 || steps_ % options_.training.g_reg_every != 0) return;
  const int64_t batch = std::max<int64_t>(1, options_.batch / options_.path_batch_shrink);
  in_parts(batch, [&](int64_t, int64_t count, double share) {
    const auto path = trainer_.path_backward(draw_latents(count), draw_path_noise(count), share);
    statistics.add("Loss/pl_penalty", path.penalty);
    statistics.add("Loss/path_length", path.lengths.mean().item<double>());
  });
  statistics.add("Gradient/G_path", trainer_.update_generator("the path length penalty"));
}

template <typename Work>
void GanTask::in_parts(int64_t count, const Work& work) const {
  const int64_t part = options_.batch_part > 0 ? options_.batch_part : count;
  for (int64_t from = 0; from < count; from += part) {
    const int64_t size = std::min(part, count - from);
    work(from, size, static_cast<double>(size) / static_cast<double>(count));
  }
}

Latents GanTask::draw_latents(int64_t count) {
  const auto draw = [&] { return torch::randn({count, options_.generator.z_dim}, random_.get("latents")).to(device_); };
  Latents latents{draw(), {}, 0};
  if (random_.uniform("style mixing") >= options_.style_mixing) return latents;
  latents.second = draw();
  const int64_t choices = trainer_.generator->layers() - 1;  // at least one layer each
  latents.inject =
      1 + std::min(choices - 1, static_cast<int64_t>(random_.uniform("style mixing") * static_cast<double>(choices)));
  return latents;
}

Tensor GanTask::draw_path_noise(int64_t count) {
  const int64_t side = options_.generator.size;
  return torch::randn({count, 3, side, side}, random_.get("path noise")).to(device_);
}

double GanTask::augmentation() const {
  return options_.augment == AugmentMode::adaptive ? controller_.p()
         : options_.augment == AugmentMode::fixed  ? options_.augment_strength
                                                   : 0;
}

// ---- State ----

StateDict GanTask::state() const {
  StateDict state = trainer_.state();
  add_under(state, "random.", random_.state());
  return state;
}

nlohmann::json GanTask::values() const {
  const auto ada = controller_.state();
  return {{"options", options_.to_json()},
          {"steps", steps_},
          {"data", loader_->state().to_json()},
          {"augment", {{"p", ada.p}, {"r_t", ada.r_t}, {"sign_sum", ada.sign_sum}, {"count", ada.count}}}};
}

void GanTask::load_state(const StateDict& state, const nlohmann::json& values) {
  try {
    steps_ = values.at("steps");
    loader_ = std::make_unique<data::Loader>(images_, loader_options(options_),
                                             data::LoaderState::from_json(values.at("data")));
    const auto& ada = values.at("augment");
    controller_.load_state({ada.at("p"), ada.at("r_t"), ada.at("sign_sum"), ada.at("count")});
  } catch (const nlohmann::json::exception& error) {
    fail("training state: {}", error.what());
  }
  trainer_.load_state(state, "training state");
  random_.load_state(entries_under(state, "random."), device_);
  trainer_.noise_generator = random_.get("noise", device_);
}

namespace {
/// One network's weights out of a checkpoint with several: a dict of dicts (rosinality), or a flat one with dotted
/// names (this project's training states). Empty where it has none of that name.
StateDict network_in(const formats::Checkpoint& checkpoint, const char* name) {
  if (const auto* found = checkpoint.root.find(name)) return formats::tensors_of(*found, "module.");
  if (checkpoint.kind != formats::FileKind::safetensors) return {};
  return entries_under(formats::tensors_of(checkpoint.root), std::string(name) + ".");
}
}  // namespace

std::string GanTask::transfer_from(const std::filesystem::path& path, const std::filesystem::path& discriminator_path) {
  const std::string what = path.string();
  const auto checkpoint = formats::read_checkpoint(path);
  StateDict average = network_in(checkpoint, "g_ema"), generator = network_in(checkpoint, "g");
  StateDict discriminator = network_in(checkpoint, "d");
  std::string discriminator_file = what;
  if (!discriminator_path.empty()) {
    discriminator_file = discriminator_path.string();
    discriminator = network_in(formats::read_checkpoint(discriminator_path), "d");
    require(!discriminator.empty(),
            "{}: has no discriminator; expected a training state, a StyleGAN2 .pt, or a file of convert --for-training",
            discriminator_file);
  }
  if (average.empty()) {
    const auto loaded = model::load_network(path);
    require(loaded.generator->config() == options_.generator, "{}: a generator of another shape: {}, expected {}", what,
            loaded.generator->config().to_json().dump(), options_.generator.to_json().dump());
    average = nets::state_of(*loaded.generator);
  }
  const bool has_generator = !generator.empty();
  nets::load_strict(*trainer_.average, average, what + ": g_ema");
  nets::load_strict(*trainer_.generator, has_generator ? generator : average,
                    what + (has_generator ? ": g" : ": g_ema"));
  if (!discriminator.empty()) nets::load_strict(*trainer_.discriminator, discriminator, discriminator_file + ": d");
  return fmt::format("transfer from {}: generator {}, discriminator {}", what,
                     has_generator ? "and average" : "from its average",
                     discriminator.empty()        ? "absent, starting at random"
                     : discriminator_path.empty() ? "too"
                                                  : "from " + discriminator_file);
}

// ---- What people look at ----

void GanTask::write_network(const std::filesystem::path& path) const {
  model::LoadedNetwork network;
  network.generator = nets::Stylegan2Generator(options_.generator);
  const torch::NoGradGuard guard;
  nets::load_strict(*network.generator, nets::state_of(*trainer_.average), "g_ema");
  network.statistics = model::WStatistics::measure(network.generator);
  network.provenance = {{"tool", "liftedgan train-gan"},
                        {"data", images_->archive().path().filename().string()},
                        {"data_fingerprint", images_->fingerprint()},
                        {"images", steps_ * options_.batch},
                        {"options", options_.to_json()}};
  model::save_network(path, network);
}

void GanTask::write_pictures(RunDirectory& run, int64_t images) {
  const torch::NoGradGuard guard;
  const int64_t count =
      std::min<int64_t>(kPictureRows * kPictureColumns, std::max<int64_t>(images_->size(), kPictureColumns));
  if (images == 0) {
    std::vector<Tensor> reals;
    for (int64_t i = 0; i < std::min(count, images_->size()); ++i)
      reals.push_back(formats::tensor_from_image(images_->image(i)));
    run.write_image("reals.png", "Reals", tile(torch::stack(reals)), 0);
  }
  RandomStreams fixed(options_.seed);
  const auto z = torch::randn({count, options_.generator.z_dim}, fixed.get("pictures")).to(device_);
  std::vector<Tensor> fakes;
  for (const auto& part : z.split(8)) {
    fakes.push_back(trainer_.average->synthesize(trainer_.average->map(part)).image.to(torch::kCPU).contiguous());
  }
  const std::string name = images == 0 ? "fakes_init.png" : fmt::format("fakes{:06d}.png", images / 1000);
  run.write_image(name, "Fakes", tile(torch::cat(fakes)), images);
}

std::string GanTask::status(const Statistics& statistics) const {
  return fmt::format("loss G {:<6.3f} D {:<6.3f} r1 {:<8.2g} path {:<8.2g} r_t {:<6.3f} augment {:.3f}",
                     statistics.mean("Loss/G/loss"), statistics.mean("Loss/D/loss"), statistics.mean("Loss/r1_penalty"),
                     statistics.mean("Loss/pl_penalty"), controller_.r_t(), augmentation());
}

}  // namespace lifted::train
