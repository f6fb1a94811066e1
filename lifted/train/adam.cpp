#include "lifted/train/adam.h"

#include <ATen/Parallel.h>

#include <cmath>

#include "lifted/train/adam_kernel.h"

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
  for (const auto& item : module.named_parameters()) {
    require(item.value().requires_grad(), "Adam: the parameter '{}' requires no gradient", item.key());
    Slot slot{item.key(), item.value(), {}, torch::zeros_like(item.value())};
    if (options_.beta1 != 0) slot.mean = torch::zeros_like(item.value());
    slots_.push_back(std::move(slot));
  }
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

double Adam::gradient_norm() const {
  double sum = 0;
  for (const auto& slot : slots_) {
    if (!slot.parameter.grad().defined()) continue;
    const double norm = slot.parameter.grad().norm().item<double>();
    if (!std::isfinite(norm)) throw NonFiniteError(fmt::format("the gradient of {} is not finite", slot.name));
    sum += norm * norm;
  }
  return std::sqrt(sum);
}

void Adam::step() {
  const torch::NoGradGuard guard;
  for (auto& slot : slots_) update(slot);
}

void Adam::update(Slot& slot) {
  const Tensor& gradient = slot.parameter.grad();
  if (!gradient.defined() && options_.skip_missing_gradients) return;
  ++slot.steps;
  const double correction1 = 1 - std::pow(options_.beta1, static_cast<double>(slot.steps));
  const double correction2 = 1 - std::pow(options_.beta2, static_cast<double>(slot.steps));
  if (slot.parameter.is_cpu() && slot.parameter.scalar_type() == torch::kFloat32 &&
      slot.parameter.is_non_overlapping_and_dense()) {
    return update_on_cpu(slot, gradient, correction1, correction2);
  }
  auto g = gradient.defined() ? gradient : torch::zeros_like(slot.parameter);
  if (options_.weight_decay != 0) g = g + options_.weight_decay * slot.parameter;
  if (slot.mean.defined()) slot.mean.mul_(options_.beta1).add_(g, 1 - options_.beta1);
  slot.square.mul_(options_.beta2).addcmul_(g, g, 1 - options_.beta2);
  const auto denominator = (slot.square.sqrt() / std::sqrt(correction2)).add_(options_.epsilon);
  slot.parameter.addcdiv_(slot.mean.defined() ? slot.mean : g, denominator, -options_.lr / correction1);
}

void Adam::update_on_cpu(Slot& slot, const Tensor& gradient, double correction1, double correction2) {
  // Element by element in memory: the gradient must lie there as the parameter does (channels_last, for one).
  const bool alike = !gradient.defined() || gradient.strides() == slot.parameter.strides();
  const Tensor dense = alike ? gradient : torch::empty_like(slot.parameter).copy_(gradient);
  const AdamKernelParams params{
      .parameter = slot.parameter.data_ptr<float>(),
      .gradient = dense.defined() ? dense.data_ptr<float>() : nullptr,
      .mean = slot.mean.defined() ? slot.mean.data_ptr<float>() : nullptr,
      .square = slot.square.data_ptr<float>(),
      .beta1 = static_cast<float>(options_.beta1),
      .beta2 = static_cast<float>(options_.beta2),
      .epsilon = static_cast<float>(options_.epsilon),
      .weight_decay = static_cast<float>(options_.weight_decay),
      .step_size = static_cast<float>(options_.lr / correction1),
      .square_root_correction = static_cast<float>(std::sqrt(correction2)),
  };
  at::parallel_for(0, slot.parameter.numel(), 1 << 15, [&](int64_t begin, int64_t end) {
    AdamKernelParams part = params;
    part.begin = begin;
    part.end = end;
    LIFTED_CALL_ISA(adam_update, part);
  });
  // Written behind torch's back: whoever keeps something derived from the weights asks for their version.
  torch::autograd::impl::bump_version(slot.parameter);
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
  for (size_t i = 0; i < to.size(); ++i) {
    Tensor target = to[i];
    target.mul_(decay).add_(from[i], 1 - decay);
  }
}

}  // namespace lifted::train
