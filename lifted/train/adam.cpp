#include "lifted/train/adam.h"

#include <cmath>

#include "lifted/base/error.h"
#include "lifted/ops/adam_update.h"

namespace lifted::train {
namespace {
using torch::Tensor;

const Tensor& entry(const StateDict& state, const std::string& key, at::IntArrayRef sizes, std::string_view what) {
  const auto found = state.find(key);
  if (found == state.end()) fail("{}: no optimizer state '{}'", what, key);
  if (found->second.sizes() != sizes) {
    fail("{}: optimizer state '{}' has {} elements, expected {}", what, key, found->second.numel(),
         c10::multiply_integers(sizes));
  }
  return found->second;
}

}  // namespace

Adam::Adam(const torch::nn::Module& module, AdamOptions options) : options_(options) {
  std::vector<std::string> names;
  for (const auto& item : module.named_parameters()) {
    require(item.value().requires_grad(), "Adam: the parameter '{}' requires no gradient", item.key());
    Slot slot{item.key(), item.value(), {}, torch::zeros_like(item.value())};
    if (options_.beta1 != 0) slot.mean = torch::zeros_like(item.value());
    slots_.push_back(std::move(slot));
    names.push_back(item.key());
  }
  names_ = std::make_shared<const std::vector<std::string>>(std::move(names));
}

void Adam::to(torch::Device device) {
  for (auto& slot : slots_) {
    slot.square = slot.square.to(device);
    if (slot.mean.defined()) slot.mean = slot.mean.to(device);
  }
}

void Adam::zero_gradients() {
  for (auto& slot : slots_) slot.parameter.mutable_grad() = Tensor();
}

Tensor Adam::gradient_norms() const {
  const torch::NoGradGuard guard;
  std::vector<Tensor> gradients;
  for (const auto& slot : slots_) {
    const Tensor& gradient = slot.parameter.grad();
    gradients.push_back(gradient.defined() ? gradient : torch::zeros({1}, slot.parameter.options()));
  }
  return torch::stack(at::_foreach_norm(gradients)).to(torch::kFloat64);
}

void Adam::step(const Tensor& proceed) {
  std::vector<ops::AdamEntry> entries;
  for (auto& slot : slots_) {
    const Tensor& gradient = slot.parameter.grad();
    if (!gradient.defined() && options_.skip_missing_gradients) continue;
    const auto count = static_cast<double>(++slot.steps);
    entries.push_back({slot.parameter, gradient, slot.mean, slot.square,
                       options_.lr / (1 - std::pow(options_.beta1, count)),
                       std::sqrt(1 - std::pow(options_.beta2, count))});
  }
  ops::adam_update(entries, {options_.beta1, options_.beta2, options_.epsilon, options_.weight_decay}, proceed);
}

StateDict Adam::state() const {
  StateDict state;
  for (const auto& slot : slots_) {
    if (slot.mean.defined()) state[slot.name + ".exp_avg"] = slot.mean;
    state[slot.name + ".exp_avg_sq"] = slot.square;
    state[slot.name + ".step"] = torch::tensor(slot.steps, torch::kInt64);
  }
  return state;
}

void Adam::load_state(const StateDict& state, std::string_view what) {
  const torch::NoGradGuard guard;
  for (auto& slot : slots_) {
    const auto sizes = slot.parameter.sizes();
    if (slot.mean.defined()) slot.mean.copy_(entry(state, slot.name + ".exp_avg", sizes, what));
    slot.square.copy_(entry(state, slot.name + ".exp_avg_sq", sizes, what));
    slot.steps = entry(state, slot.name + ".step", {}, what).item<int64_t>();
  }
}

void update_moving_average(const torch::nn::Module& average, const torch::nn::Module& source, double decay) {
  const torch::NoGradGuard guard;
  const auto to = average.parameters(), from = source.parameters();
  TORCH_CHECK(to.size() == from.size(), "update_moving_average: ", to.size(), " and ", from.size(), " parameters");
  at::_foreach_mul_(to, decay);
  at::_foreach_add_(to, from, 1 - decay);
}

}  // namespace lifted::train
