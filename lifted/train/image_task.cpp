#include "lifted/train/image_task.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lifted/base/bounds.h"
#include "lifted/base/error.h"
#include "lifted/base/json.h"
#include "lifted/nets/init.h"
#include "lifted/nets/load.h"
#include "lifted/train/random_streams.h"

namespace lifted::train {
using torch::Tensor;

nlohmann::ordered_json ImageTaskOptions::to_json() const {
  return {{"network", network.to_json()}, {"batch", batch},   {"total_images", total_images},    {"lr", lr},
          {"weight_decay", weight_decay}, {"mirror", mirror}, {"precision", name_of(precision)}, {"seed", seed}};
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
                     torch::Device device)
    : options_(std::move(options)),
      images_(std::move(images)),
      split_(std::move(split)),
      device_(device),
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
}

data::LoaderOptions ImageTask::loader_options() const {
  return {.batch = static_cast<int>(options_.batch),
          .seed = derived_seed(options_.seed, "data order"),
          .mirror = options_.mirror,
          .workers = 1,
          .device = device_};
}

void ImageTask::fetch() {
  if (fetched_) return;
  data::Batch batch = loader_->next();
  fetch_truth(batch);
  fetched_ = std::move(batch);
}

void ImageTask::step(Statistics& statistics) {
  fetch();
  const data::Batch& batch = *fetched_;
  step_random_.set_current_seed(derived_seed(options_.seed, fmt::format("step {}", steps_)));
  module_->train();
  optimizer_->zero_gradients();
  const Tensor value = loss(batch.as_float(device_), batch, statistics);
  guard_.watch("the loss", value);
  value.backward();
  const double rate = options_.learning_rate(steps_ * options_.batch);
  optimizer_->set_learning_rate(rate);
  const Tensor gradient = guard_.update(*optimizer_);
  guard_.end_step();
  ++steps_;
  fetched_.reset();
  position_ = loader_->state();
  statistics.add("Loss/loss", value);
  statistics.add("Gradient/norm", gradient);
  statistics.add("Progress/lr", rate);
}

StateDict ImageTask::state() const {
  StateDict state;
  add_under(state, "module.", nets::state_of(*module_));
  add_under(state, "optimizer.", optimizer_->state());
  return state;
}

nlohmann::json ImageTask::values() const {
  return {{"options", options_json()}, {"steps", steps_}, {"data", position_.to_json()}};
}

void ImageTask::load_state(const StateDict& state, const nlohmann::json& values) {
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
