#include "lifted/train/adam.h"

#include <ATen/Parallel.h>

#include <cmath>

#include "lifted/base/error.h"
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
  const torch::NoGradGuard guard;
  for (auto& slot : slots_) update(slot, proceed);
}

void Adam::update(Slot& slot, const Tensor& proceed) {
  const Tensor& gradient = slot.parameter.grad();
  if (!gradient.defined() && options_.skip_missing_gradients) return;
  ++slot.steps;
  const auto count = static_cast<double>(slot.steps);
  const Corrections corrections{1 - std::pow(options_.beta1, count), 1 - std::pow(options_.beta2, count)};
  if (slot.parameter.is_cpu() && slot.parameter.scalar_type() == torch::kFloat32 &&
      slot.parameter.is_non_overlapping_and_dense() && !proceed.defined()) {
    return update_on_cpu(slot, gradient, corrections);
  }
  update_anywhere(slot, gradient, corrections, proceed);
}

void Adam::update_anywhere(Slot& slot, const Tensor& gradient, Corrections corrections, const Tensor& proceed) {
  const auto renew = [&](Tensor& kept, const Tensor& fresh) {
    kept.copy_(proceed.defined() ? torch::where(proceed, fresh, kept) : fresh);
  };
  auto g = gradient.defined() ? gradient : torch::zeros_like(slot.parameter);
  if (options_.weight_decay != 0) g = g + options_.weight_decay * slot.parameter;
  if (slot.mean.defined()) renew(slot.mean, slot.mean.mul(options_.beta1).add_(g, 1 - options_.beta1));
  renew(slot.square, slot.square.mul(options_.beta2).addcmul_(g, g, 1 - options_.beta2));
  const auto denominator = (slot.square.sqrt() / std::sqrt(corrections.square)).add_(options_.epsilon);
  renew(slot.parameter,
        slot.parameter.addcdiv(slot.mean.defined() ? slot.mean : g, denominator, -options_.lr / corrections.mean));
}

void Adam::update_on_cpu(Slot& slot, const Tensor& gradient, Corrections corrections) {
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
      .step_size = static_cast<float>(options_.lr / corrections.mean),
      .square_root_correction = static_cast<float>(std::sqrt(corrections.square)),
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
  at::_foreach_mul_(to, decay);
  at::_foreach_add_(to, from, 1 - decay);
}

}  // namespace lifted::train
