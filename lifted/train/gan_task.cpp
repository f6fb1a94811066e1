#include "lifted/train/gan_task.h"

#include <algorithm>
#include <numeric>

#include "lifted/base/device.h"
#include "lifted/base/error.h"
#include "lifted/base/json.h"
#include "lifted/model/network_file.h"
#include "lifted/nets/init.h"
#include "lifted/nets/load.h"
#include "lifted/train/gan_transfer.h"
#include "lifted/train/snapshot.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr int64_t kPictureRows = 6, kPictureColumns = 8;

GanTrainer seeded_trainer(const GanOptions& options) {
  GanTrainer trainer(options.generator, options.discriminator, options.training);
  const auto generator = nets::seeded_generator(derived_seed(options.seed, "weights"));
  nets::reset_parameters(*trainer.generator, generator);
  nets::reset_parameters(*trainer.discriminator, generator);
  nets::load_strict(*trainer.average, nets::state_of(*trainer.generator), "the generator's average");
  return trainer;
}

/// The rows of a draw at `indices` of parts_of(), where all of them are the whole; undefined tensors stay undefined.
Tensor rows(const Tensor& tensor, const Tensor& indices) {
  return tensor.defined() && tensor.size(0) != indices.size(0)
             ? tensor.index_select(0, to_device(indices, tensor.device()))
             : tensor;
}
std::vector<Tensor> rows(const std::vector<Tensor>& tensors, const Tensor& indices) {
  std::vector<Tensor> result;
  for (const Tensor& tensor : tensors) result.push_back(rows(tensor, indices));
  return result;
}
Latents rows(const Latents& latents, const Tensor& indices) {
  return {rows(latents.first, indices), rows(latents.second, indices), latents.inject};
}
AugmentDraw rows(const AugmentDraw& draw, const Tensor& indices) {
  return {rows(draw.affine, indices), rows(draw.color, indices)};
}

/// A part's share of a mean over the batch.
Tensor of_share(const Tensor& mean, const GanDraws& part) {
  return mean.to(torch::kFloat64) * part.share;
}

auto adder_to(Statistics& statistics) {
  return [&statistics](const std::string& name, const Tensor& value) { statistics.add(name, value); };
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

// ---- One step ----

GanTask::GanTask(GanOptions options, std::shared_ptr<const data::Dataset> images, torch::Device device, World world)
    : options_(std::move(options)),
      images_(std::move(images)),
      device_(device),
      shards_(options_.shards, std::move(world)),
      share_(shards_.share_of(options_.batch)),
      trainer_(seeded_trainer(options_)),
      controller_({.target = options_.augment_target}) {
  if (!device_.is_cpu()) trainer_.to(device_);
  generator_sum_ = {trainer_.generator->parameters(), shards_};
  discriminator_sum_ = {trainer_.discriminator->parameters(), shards_};
  loader_ = std::make_unique<data::Loader>(images_, loader_options());
  position_ = loader_->state();
}

data::LoaderOptions GanTask::loader_options() const {
  return {.batch = static_cast<int>(share_ * shards_.local_count()),
          .seed = derived_seed(options_.seed, "data order"),
          .mirror = options_.mirror,
          .rank = shards_.world().rank(),
          .ranks = shards_.world().size(),
          .mine = shards_.mine(),
          .shards = shards_.count(),
          .workers = 1,
          .device = device_};
}

void GanTask::fetch() {
  if (!fetched_) fetched_ = loader_->next();
}

void GanTask::step(Statistics& statistics) {
  fetch();
  const auto real = fetched_->as_float(device_);
  random_.clear();
  for (const int64_t shard : shards_.mine()) random_.emplace_back(options_.seed, steps_, shard);
  train_discriminator(real, statistics);
  if (options_.training.r1_gamma != 0 && steps_ % options_.training.d_reg_every == 0)
    penalize_discriminator(real, statistics);
  if (steps_ * options_.batch >= options_.warmup_images) {
    train_generator(statistics);
    if (options_.training.path_weight != 0 && steps_ % options_.training.g_reg_every == 0) penalize_paths(statistics);
    trainer_.update_average(options_.average_decay);
  }
  ++steps_;
  trainer_.guard().end_step();
  fetched_.reset();
  position_ = loader_->state();
  statistics.add("Progress/augment", augmentation());
  statistics.add("Loss/signs/real", controller_.r_t());
}

template <typename Work>
void GanTask::in_shards(const Tensor& real, const Work& work) {
  int64_t from = 0;
  for (auto& random : random_) {
    work(random, real.defined() ? real.slice(0, from, from + share_) : real);
    from += share_;
  }
}

void GanTask::train_discriminator(const Tensor& real, Statistics& statistics) {
  ShardNumbers numbers;
  in_shards(real, [&](RandomStreams& random, const Tensor& images) {
    GanDraws draws = draw_fakes(random);
    draws.real = draw_augmentation(random);
    std::vector<Tensor> real_logits;
    in_parts(draws, [&](const GanDraws& part, const Tensor& indices) {
      const auto loss = trainer_.discriminator_backward(rows(images, indices), part);
      numbers.add("Loss/D/loss", of_share(loss.loss, part));
      numbers.add("Loss/scores/real", of_share(loss.real_logits.mean(), part));
      numbers.add("Loss/scores/fake", of_share(loss.fake_logits.mean(), part));
      real_logits.push_back(loss.real_logits);
    });
    discriminator_sum_.add_shard(numbers.take(torch::cat(real_logits).sign().sum()));
  });
  const Tensor signs =
      numbers.give(discriminator_sum_.finish("sum the discriminator's gradients"), adder_to(statistics));
  if (options_.augment == AugmentMode::adaptive) controller_.observe_signs(signs, options_.batch);
  statistics.add("Gradient/D", trainer_.update_discriminator("the discriminator's logistic loss"));
}

void GanTask::penalize_discriminator(const Tensor& real, Statistics& statistics) {
  ShardNumbers numbers;
  in_shards(real, [&](RandomStreams& random, const Tensor& images) {
    GanDraws draws;
    draws.real = draw_augmentation(random);
    in_parts(draws, [&](const GanDraws& part, const Tensor& indices) {
      numbers.add("Loss/r1_penalty", of_share(trainer_.r1_backward(rows(images, indices), part), part));
    });
    discriminator_sum_.add_shard(numbers.take());
  });
  numbers.give(discriminator_sum_.finish("sum the R1 penalty's gradients"), adder_to(statistics));
  statistics.add("Gradient/D_r1", trainer_.update_discriminator("the R1 penalty"));
}

void GanTask::train_generator(Statistics& statistics) {
  ShardNumbers numbers;
  in_shards({}, [&](RandomStreams& random, const Tensor&) {
    in_parts(draw_fakes(random), [&](const GanDraws& part, const Tensor&) {
      numbers.add("Loss/G/loss", of_share(trainer_.generator_backward(part), part));
    });
    generator_sum_.add_shard(numbers.take());
  });
  numbers.give(generator_sum_.finish("sum the generator's gradients"), adder_to(statistics));
  statistics.add("Gradient/G", trainer_.update_generator("the generator's loss"));
}

void GanTask::penalize_paths(Statistics& statistics) {
  const int64_t count = std::max<int64_t>(1, share_ / options_.path_batch_shrink);
  if (shards_.is_whole()) {
    const auto path = trainer_.path_backward(path_parts(draw_paths(random_.front(), count), count));
    statistics.add("Loss/pl_penalty", path.penalty);
    statistics.add("Loss/path_length", path.lengths.mean());
  } else {
    penalize_paths_of_shards(count, statistics);
  }
  statistics.add("Gradient/G_path", trainer_.update_generator("the path length penalty"));
}

/// Lengths are compared with the mean of all: first they are measured everywhere.
void GanTask::penalize_paths_of_shards(int64_t count, Statistics& statistics) {
  std::vector<std::vector<PathDraws>> draws;
  std::vector<Tensor> measured;
  in_shards({}, [&](RandomStreams& random, const Tensor&) {
    draws.push_back(path_parts(draw_paths(random, count), count));
    std::vector<Tensor> lengths;
    for (const PathDraws& part : draws.back()) lengths.push_back(trainer_.measured_paths(part));
    measured.push_back(torch::cat(lengths));
  });
  const Tensor lengths = in_shard_order(torch::stack(measured), shards_, "compare path lengths");
  const auto [penalty, slopes] = trainer_.compare_paths(lengths.flatten());
  const std::vector<int64_t> mine = shards_.mine();
  for (size_t i = 0; i < draws.size(); ++i) {
    int64_t from = mine[i] * count;
    for (const PathDraws& part : draws[i]) {
      const int64_t to = from + part.latents.first.size(0);
      trainer_.path_backward(part, slopes.slice(0, from, to));
      from = to;
    }
    generator_sum_.add_shard();
  }
  generator_sum_.finish("sum the path penalty's gradients");
  statistics.add("Loss/pl_penalty", penalty);
  statistics.add("Loss/path_length", lengths.mean());
}

std::vector<PathDraws> GanTask::path_parts(const PathDraws& whole, int64_t count) const {
  std::vector<PathDraws> parts;
  for (const Tensor& indices : parts_of(count, 1))
    parts.push_back({rows(whole.latents, indices), rows(whole.image_noise, indices), rows(whole.noise, indices)});
  return parts;
}

int64_t GanTask::bytes_per_step() const {
  const auto& training = options_.training;
  const int64_t of_d = discriminator_sum_.bytes(), of_g = generator_sum_.bytes();
  const int64_t more_d = training.r1_gamma != 0 ? of_d / training.d_reg_every : 0;
  const int64_t more_g = training.path_weight != 0 ? of_g / training.g_reg_every : 0;
  return of_d + of_g + more_d + more_g;
}

std::vector<Tensor> GanTask::parts_of(int64_t count, int64_t group) const {
  const int64_t wanted = options_.batch_part > 0 ? options_.batch_part : count;
  // Sample i is in group i mod `groups` (nets::append_minibatch_stddev), in a part as in the whole.
  const int64_t groups = count / group, at_once = (wanted + group - 1) / group;
  std::vector<Tensor> parts;
  for (const Tensor& some : torch::arange(groups).split(at_once))
    parts.push_back((torch::arange(group).unsqueeze(1) * groups + some.unsqueeze(0)).flatten());
  return parts;
}

template <typename Work>
void GanTask::in_parts(const GanDraws& whole, const Work& work) const {
  const int64_t group = nets::minibatch_group(share_);
  for (const Tensor& indices : parts_of(share_, group)) {
    GanDraws part{rows(whole.latents, indices), rows(whole.noise, indices), rows(whole.fake, indices),
                  rows(whole.real, indices)};
    part.share = static_cast<double>(indices.size(0)) / static_cast<double>(options_.batch);
    part.group = group;
    work(part, indices);
  }
}

GanDraws GanTask::draw_fakes(RandomStreams& random) const {
  GanDraws draws{draw_latents(random, share_)};
  draws.noise = draw_noise(random, share_);
  draws.fake = draw_augmentation(random);
  return draws;
}

AugmentDraw GanTask::draw_augmentation(RandomStreams& random) const {
  const int64_t side = options_.generator.size;
  return train::draw_augmentation(augmentation(), {share_, 3, side, side}, random.get("augmentation"));
}

Latents GanTask::draw_latents(RandomStreams& random, int64_t count) const {
  const auto draw = [&] {
    return to_device(torch::randn({count, options_.generator.z_dim}, random.get("latents")), device_);
  };
  Latents latents{draw(), {}, 0};
  if (random.uniform("style mixing") >= options_.style_mixing) return latents;
  latents.second = draw();
  const int64_t choices = trainer_.generator->layers() - 1;  // at least one layer each
  latents.inject =
      1 + std::min(choices - 1, static_cast<int64_t>(random.uniform("style mixing") * static_cast<double>(choices)));
  return latents;
}

std::vector<Tensor> GanTask::draw_noise(RandomStreams& random, int64_t count) const {
  const std::vector<int64_t> sides = trainer_.generator->noise_sides();
  std::vector<int64_t> numbers;
  for (const int64_t side : sides) numbers.push_back(count * side * side);
  const int64_t total = std::accumulate(numbers.begin(), numbers.end(), int64_t{0});
  std::vector<Tensor> maps = random.normal("noise", {total}, device_).split_with_sizes(numbers);
  for (size_t i = 0; i < maps.size(); ++i) maps[i] = maps[i].view({count, 1, sides[i], sides[i]});
  return maps;
}

PathDraws GanTask::draw_paths(RandomStreams& random, int64_t count) const {
  const int64_t side = options_.generator.size;
  PathDraws draws{draw_latents(random, count)};
  draws.image_noise = random.normal("path noise", {count, 3, side, side}, device_);
  draws.noise = draw_noise(random, count);
  return draws;
}

double GanTask::augmentation() const {
  return options_.augment == AugmentMode::adaptive ? controller_.p()
         : options_.augment == AugmentMode::fixed  ? options_.augment_strength
                                                   : 0;
}

// ---- State ----

StateDict GanTask::state() const {
  return trainer_.state();
}

nlohmann::json GanTask::values() const {
  const auto ada = controller_.state();
  return {{"options", options_.to_json()},
          {"steps", steps_},
          {"data", position_.to_json()},
          {"augment", {{"p", ada.p}, {"r_t", ada.r_t}, {"sign_sum", ada.sign_sum}, {"count", ada.count}}}};
}

void GanTask::load_state(const StateDict& state, const nlohmann::json& values) {
  constexpr const char* kWhat = "training state";
  read_field(values, "steps", kWhat, steps_);
  loader_ = std::make_unique<data::Loader>(
      images_, loader_options(), data::LoaderState::from_json(json_field<nlohmann::json>(values, "data", kWhat)));
  fetched_.reset();
  position_ = loader_->state();
  const auto ada = json_field<nlohmann::json>(values, "augment", kWhat);
  const auto number = [&](const char* key) { return json_field<double>(ada, key, kWhat); };
  controller_.load_state({number("p"), number("r_t"), number("sign_sum"), json_field<int64_t>(ada, "count", kWhat)});
  trainer_.load_state(state, "training state");
}

std::string GanTask::transfer_from(const std::filesystem::path& checkpoint, const std::filesystem::path& discriminator,
                                   bool grow) {
  return transfer_weights(trainer_, options_.generator, {checkpoint, discriminator, grow});
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
