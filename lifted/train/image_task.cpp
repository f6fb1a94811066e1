#include "lifted/train/image_task.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lifted/base/bounds.h"
#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/nets/init.h"
#include "lifted/nets/load.h"
#include "lifted/train/random_streams.h"

namespace lifted::train {
using torch::Tensor;

nlohmann::ordered_json ImageTaskOptions::to_json() const {
  nlohmann::ordered_json json = {
      {"network", network.to_json()}, {"batch", batch},   {"total_images", total_images},    {"lr", lr},
      {"weight_decay", weight_decay}, {"mirror", mirror}, {"precision", name_of(precision)}, {"seed", seed}};
  if (shards > 1) json["shards"] = shards;  // states of earlier versions do not know it
  return json;
}

void ImageTaskOptions::validate(const data::Dataset& images) const {
  bounds::whole(2, bounds::batch.high).check("--batch", static_cast<double>(batch));
  bounds::learning_rate.check("--lr", lr);
  bounds::weight_decay.check("--weight-decay", weight_decay);
  const int side = images.width();
  if (side != images.height() || side % network.size != 0) {
    usage_error(
        "--data {}: images of {}x{} pixels, but the network sees squares of {} or a multiple of it; `dataset "
        "make` resizes them",
        images.archive().path().string(), side, images.height(), network.size);
  }
}

double ImageTaskOptions::learning_rate(int64_t images) const {
  constexpr double warm_up = 0.05, last = 0.01;
  const double done = std::min(1.0, static_cast<double>(images) / static_cast<double>(total_images));
  if (done < warm_up) return lr * (done / warm_up * (1 - last) + last);
  const double fall = (done - warm_up) / (1 - warm_up);
  return lr * (last + (1 - last) * 0.5 * (1 + std::cos(std::numbers::pi * fall)));
}

ImageTask::ImageTask(ImageTaskOptions options, std::shared_ptr<const data::Dataset> images, data::IdentitySplit split,
                     torch::Device device, World world)
    : options_(std::move(options)),
      images_(std::move(images)),
      split_(std::move(split)),
      device_(device),
      shards_(options_.shards, std::move(world)),
      share_(shards_.share_of(options_.batch)),
      weights_(nets::seeded_generator(derived_seed(options_.seed, "weights"))),
      step_random_(nets::seeded_generator(0)) {
  options_.validate(*images_);
  const auto whole = std::shared_ptr<const formats::ImageArchive>(images_, &images_->archive());
  training_images_ = std::make_shared<const data::Dataset>(data::subset_of(whole, split_.training.images));
  loader_ = std::make_unique<data::Loader>(training_images_, loader_options());
  position_ = loader_->state();
}

void ImageTask::set_module(std::shared_ptr<torch::nn::Module> module) {
  module_ = std::move(module);
  nets::reset_parameters(*module_, weights_);
  module_->to(device_);
  optimizer_.emplace(*module_, AdamOptions{.lr = options_.lr, .weight_decay = options_.weight_decay});
  sum_ = {module_->parameters(), shards_};
}

data::LoaderOptions ImageTask::loader_options() const {
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

void ImageTask::fetch() {
  if (fetched_) return;
  data::Batch batch = loader_->next();
  fetch_truth(batch);
  fetched_ = std::move(batch);
}

void ImageTask::seed_step(int64_t shard) {
  const std::string name =
      shards_.is_whole() ? fmt::format("step {}", steps_) : fmt::format("step {}/shard {}", steps_, shard);
  step_random_.set_current_seed(derived_seed(options_.seed, name));
}

void ImageTask::backward(int64_t shard, int64_t first, ShardNumbers& numbers) {
  seed_step(shard);
  const auto begin = fetched_->samples.begin() + first;
  const data::Batch batch{fetched_->images.slice(0, first, first + share_), {begin, begin + share_}};
  const auto count = static_cast<double>(shards_.count());
  Statistics measured;
  const Tensor value = loss(batch.as_float(device_), batch, first, measured);
  guard_.watch("the loss", value);
  (shards_.is_whole() ? value : value / count).backward();
  numbers.add("Loss/loss", value.to(torch::kFloat64) / count);
  for (const auto& [name, number] : measured.take()) numbers.add(name, number / count);
}

void ImageTask::step(Statistics& statistics) {
  fetch();
  module_->train();
  optimizer_->zero_gradients();
  ShardNumbers numbers;
  int64_t first = 0;
  for (const int64_t shard : shards_.mine()) {
    backward(shard, first, numbers);
    sum_.add_shard(numbers.take());
    first += share_;
  }
  numbers.give(sum_.finish("sum the gradients"),
               [&](const std::string& name, const Tensor& value) { statistics.add(name, value); });
  const double rate = options_.learning_rate(steps_ * options_.batch);
  optimizer_->set_learning_rate(rate);
  const Tensor gradient = guard_.update(*optimizer_);
  guard_.end_step();
  ++steps_;
  fetched_.reset();
  position_ = loader_->state();
  statistics.add("Gradient/norm", gradient);
  statistics.add("Progress/lr", rate);
}

void ImageTask::settle() {
  const World& world = shards_.world();
  if (world.size() == 1) return;
  const torch::NoGradGuard guard;
  for (Tensor& buffer : module_->buffers()) {
    Tensor values = buffer.clone();
    // Counts are rank 0's.
    if (!values.is_floating_point() && !world.writes()) values.zero_();
    world.sum(values, "average what batch normalization measured");
    if (values.is_floating_point()) values.div_(world.size());
    buffer.copy_(values);
  }
}

StateDict ImageTask::state() const {
  StateDict state;
  add_under(state, "module.", nets::state_of(*module_));
  add_under(state, "optimizer.", optimizer_->state());
  return state;
}

nlohmann::json ImageTask::values() const {
  nlohmann::json values = {{"options", options_json()}, {"steps", steps_}, {"data", position_.to_json()}};
  if (const auto digest = labels_digest()) values["labels"] = *digest;
  return values;
}

std::optional<std::string> ImageTask::labels_digest() const {
  const Tensor known = labels();
  if (!known.defined()) return std::nullopt;
  const Tensor values = known.contiguous();
  return sha256_of(values.data_ptr(), values.nbytes());
}

void ImageTask::load_state(const StateDict& state, const nlohmann::json& values) {
  require(!values.contains("labels") || values["labels"] == labels_digest().value_or(""),
          "--labels: these are not the labels that the saved training used");
  read_field(values, "steps", "training state", steps_);
  loader_ = std::make_unique<data::Loader>(
      training_images_, loader_options(),
      data::LoaderState::from_json(json_field<nlohmann::json>(values, "data", "training state")));
  fetched_.reset();
  position_ = loader_->state();
  nets::load_strict(*module_, entries_under(state, "module."), "training state");
  optimizer_->load_state(entries_under(state, "optimizer."), "training state");
}

std::string ImageTask::status(const Statistics& statistics) const {
  return fmt::format("loss {:<7.4f} lr {:.2e}", statistics.mean("Loss/loss"), statistics.mean("Progress/lr"));
}

Tensor ImageTask::images_at(const std::vector<int64_t>& indices) const {
  std::vector<Tensor> images;
  for (const int64_t index : indices) images.push_back(formats::tensor_from_image(images_->image(index)));
  return torch::stack(images);
}

Tensor ImageTask::read_held_out(int64_t count, const std::function<Tensor(const Tensor& images)>& read) {
  const torch::NoGradGuard guard;
  module_->eval();
  const auto& all = split_.held_out.images;
  count = std::min(count, static_cast<int64_t>(all.size()));
  std::vector<Tensor> results;
  for (int64_t from = 0; from < count; from += options_.batch) {
    const int64_t to = std::min(count, from + options_.batch);
    results.push_back(read(images_at({all.begin() + from, all.begin() + to}).to(device_)).cpu());
  }
  return torch::cat(results);
}

nlohmann::json ImageTask::provenance(const std::string& tool) const {
  return {{"tool", tool},
          {"data", images_->archive().path().filename().string()},
          {"data_fingerprint", images_->fingerprint()},
          {"images", steps_ * options_.batch},
          {"options", options_json()}};
}

}  // namespace lifted::train
