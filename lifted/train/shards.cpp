#include "lifted/train/shards.h"

#include <algorithm>
#include <bit>

namespace lifted::train {
namespace {
using torch::Tensor;

/// 0 … count − 1 with their bits reversed: a binary counter then adds what lies count/2 apart first, count/4 next. In
/// order if count is no power of two.
std::vector<int64_t> summing_order(int64_t count) {
  std::vector<int64_t> order{0};
  if (!std::has_single_bit(static_cast<uint64_t>(count))) {
    for (int64_t i = 1; i < count; ++i) order.push_back(i);
    return order;
  }
  while (static_cast<int64_t>(order.size()) < count) {
    const size_t half = order.size();
    for (auto& number : order) number *= 2;
    for (size_t i = 0; i < half; ++i) order.push_back(order[i] + 1);
  }
  return order;
}

}  // namespace

Shards::Shards(int64_t count, World world) : count_(count), world_(std::move(world)) {
  const int ranks = world_.size();
  if (count < 1) usage_error("--shards {}: expected a positive number", count);
  if (count % ranks != 0) {
    usage_error("--shards {}: cannot be divided among {} processes; start as many as divide it, or fewer", count,
                ranks);
  }
}

std::vector<int64_t> Shards::mine() const {
  std::vector<int64_t> numbers = summing_order(local_count());
  for (auto& number : numbers) number = world_.rank() + number * world_.size();
  return numbers;
}

int64_t Shards::share_of(int64_t batch) const {
  if (batch % count_ != 0) usage_error("--batch {}: cannot be divided into {} shards (--shards)", batch, count_);
  return batch / count_;
}

GradientSum::GradientSum(std::vector<Tensor> parameters, Shards shards)
    : parameters_(std::move(parameters)), shards_(std::move(shards)) {
  for (const auto& parameter : parameters_) gradients_ += parameter.numel();
}

int64_t GradientSum::bytes() const {
  return (gradients_ + static_cast<int64_t>(parameters_.size())) * static_cast<int64_t>(sizeof(float));
}

/// All gradients one after another, behind them for each whether it is there, and what comes beside.
Tensor GradientSum::flattened(const Tensor& beside) const {
  std::vector<Tensor> parts;
  std::vector<float> there;
  for (const auto& parameter : parameters_) {
    const Tensor& gradient = parameter.grad();
    there.push_back(gradient.defined() ? 1 : 0);
    parts.push_back(gradient.defined() ? gradient.detach().reshape(-1)
                                       : torch::zeros({parameter.numel()}, parameter.options().requires_grad(false)));
  }
  const torch::Device device = parameters_.front().device();
  parts.push_back(torch::tensor(there).to(device));
  if (beside.defined()) parts.push_back(beside.detach().flatten().to(device, torch::kFloat32));
  return torch::cat(parts);
}

void GradientSum::give_back(const Tensor& sums) {
  int64_t at = 0;
  const auto count = static_cast<int64_t>(parameters_.size());
  const Tensor there = sums.slice(0, gradients_, gradients_ + count).to(torch::kCPU).contiguous();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const int64_t size = parameters_[i].numel();
    if (there.data_ptr<float>()[i] > 0)
      parameters_[i].mutable_grad() = sums.slice(0, at, at + size).view(parameters_[i].sizes());
    at += size;
  }
}

void GradientSum::add_shard(const Tensor& beside) {
  beside_ = beside;
  if (shards_.is_whole()) return;
  const torch::NoGradGuard guard;
  partial_.emplace_back(0, flattened(beside));
  for (auto& parameter : parameters_) parameter.mutable_grad() = Tensor();
  while (partial_.size() > 1 && partial_[partial_.size() - 2].first == partial_.back().first) {
    auto& [count, sum] = partial_[partial_.size() - 2];
    sum.add_(partial_.back().second);
    ++count;
    partial_.pop_back();
  }
}

Tensor GradientSum::finish(const char* what) {
  if (shards_.is_whole()) return std::exchange(beside_, Tensor());
  const torch::NoGradGuard guard;
  while (partial_.size() > 1) {
    partial_[partial_.size() - 2].second.add_(partial_.back().second);
    partial_.pop_back();
  }
  const Tensor sum = partial_.front().second;
  partial_.clear();
  shards_.world().sum(sum, what);
  give_back(sum);
  return sum.slice(0, gradients_ + static_cast<int64_t>(parameters_.size()));
}

void ShardNumbers::add(const std::string& name, const Tensor& value) {
  const size_t at = static_cast<size_t>(std::ranges::find(names_, name) - names_.begin());
  if (at == names_.size()) names_.push_back(name);
  if (at == values_.size()) return values_.push_back(value.detach().to(torch::kFloat64));
  values_[at] = values_[at] + value.detach().to(torch::kFloat64);
}

Tensor ShardNumbers::take(const Tensor& more) {
  std::vector<Tensor> all;
  for (const Tensor& value : values_) all.push_back(value.reshape({1}));
  if (more.defined()) all.push_back(more.detach().flatten().to(torch::kFloat64));
  values_.clear();
  return torch::cat(all);
}

Tensor ShardNumbers::give(const Tensor& sums,
                          const std::function<void(const std::string&, const Tensor&)>& visit) const {
  for (size_t i = 0; i < names_.size(); ++i) visit(names_[i], sums[static_cast<int64_t>(i)]);
  return sums.slice(0, static_cast<int64_t>(names_.size()));
}

Tensor in_shard_order(const Tensor& values, const Shards& shards, const char* what) {
  if (shards.is_whole()) return values;
  auto sizes = values.sizes().vec();
  sizes[0] = shards.count();
  Tensor all = torch::zeros(sizes, values.options());
  all.index_copy_(0, torch::tensor(shards.mine(), torch::kInt64).to(values.device()), values);
  shards.world().sum(all, what);  // zeros elsewhere: nothing is rounded
  return all;
}

}  // namespace lifted::train
