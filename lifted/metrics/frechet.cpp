#include "lifted/metrics/frechet.h"

#include <algorithm>

#include "lifted/base/error.h"

namespace lifted::metrics {
namespace {
using torch::Tensor;

/// The symmetric root of a covariance; what rounding made negative counts as zero.
Tensor symmetric_root(const Tensor& matrix) {
  const auto [values, vectors] = torch::linalg_eigh((matrix + matrix.t()) / 2);
  return (vectors * values.clamp_min(0).sqrt()).matmul(vectors.t());
}

}  // namespace

void Moments::add(const Tensor& features) {
  TORCH_CHECK(features.dim() == 2, "Moments: features must have shape [N, D], got ", features.sizes());
  if (features.size(0) == 0) return;
  const auto x = features.detach().to(torch::kCPU, torch::kFloat64);
  require(x.isfinite().all().item<bool>(), "features hold NaN or infinite values; expected finite ones");
  Moments part;
  part.count_ = x.size(0);
  part.mean_ = x.mean(0);
  const auto centered = x - part.mean_;
  part.scatter_ = centered.t().matmul(centered);
  merge(part);
}

StateDict Moments::state() const {
  require(count_ > 0, "moments of no features cannot be kept");
  return {{"count", torch::tensor(count_, torch::kInt64)}, {"mean", mean_}, {"scatter", scatter_}};
}

Moments Moments::from_state(const StateDict& state) {
  for (const char* name : {"count", "mean", "scatter"}) require(state.contains(name), "moments: no '{}'", name);
  Moments moments;
  moments.count_ = state.at("count").item<int64_t>();
  moments.mean_ = state.at("mean").to(torch::kFloat64);
  moments.scatter_ = state.at("scatter").to(torch::kFloat64);
  const int64_t size = moments.mean_.numel();
  require(moments.count_ > 0 && moments.mean_.dim() == 1 && moments.scatter_.dim() == 2 &&
              moments.scatter_.size(0) == size && moments.scatter_.size(1) == size,
          "moments: mean and scatter do not belong together");
  return moments;
}

void Moments::merge(const Moments& other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    return;
  }
  require(other.dimensions() == dimensions(), "features of {} dimensions cannot be joined with some of {}",
          other.dimensions(), dimensions());
  // Chan et al. 1983: no difference of large numbers.
  const auto total = static_cast<double>(count_ + other.count_);
  const auto delta = other.mean_ - mean_;
  const auto weight = static_cast<double>(count_) * static_cast<double>(other.count_) / total;
  scatter_ = scatter_ + other.scatter_ + weight * torch::outer(delta, delta);
  mean_ = mean_ + delta * (static_cast<double>(other.count_) / total);
  count_ += other.count_;
}

void Moments::merge_all(const train::World& world) {
  if (world.size() == 1) return;
  int64_t size = 0;
  for (const auto& text : world.gather(std::to_string(dimensions()), "compare features"))
    size = std::max<int64_t>(size, std::stoll(text));
  if (size == 0) return;
  if (count_ == 0)
    mean_ = torch::zeros({size}, torch::kFloat64), scatter_ = torch::zeros({size, size}, torch::kFloat64);
  Tensor total = torch::tensor(count_, torch::kInt64), mean = mean_ * static_cast<double>(count_);
  world.sum(total, "count features");
  world.sum(mean, "average features");
  mean = mean / total.item<double>();
  const Tensor delta = mean_ - mean;
  Tensor scatter = scatter_ + static_cast<double>(count_) * torch::outer(delta, delta);
  world.sum(scatter, "sum the features' scatter");
  count_ = total.item<int64_t>(), mean_ = mean, scatter_ = scatter;
}

Tensor Moments::mean() const {
  require(count_ > 0, "no features were added; expected at least one");
  return mean_;
}

Tensor Moments::covariance() const {
  require(count_ > 1, "a covariance needs at least two samples, got {}", count_);
  return scatter_ / static_cast<double>(count_ - 1);
}

double frechet_distance(const Tensor& mean_a, const Tensor& covariance_a, const Tensor& mean_b,
                        const Tensor& covariance_b) {
  require(mean_a.sizes() == mean_b.sizes() && covariance_a.sizes() == covariance_b.sizes(),
          "features of {} and of {} dimensions cannot be compared", mean_a.numel(), mean_b.numel());
  const auto c_a = covariance_a.to(torch::kFloat64), c_b = covariance_b.to(torch::kFloat64);
  require(c_a.isfinite().all().item<bool>() && c_b.isfinite().all().item<bool>(),
          "covariances hold NaN or infinite values; expected finite ones");
  const double mixed = at::linalg_svdvals(symmetric_root(c_a).matmul(symmetric_root(c_b))).sum().item<double>();
  const auto difference = mean_a.to(torch::kFloat64) - mean_b.to(torch::kFloat64);
  const double distance =
      difference.square().sum().item<double>() + c_a.trace().item<double>() + c_b.trace().item<double>() - 2 * mixed;
  return std::max(0.0, distance);
}

double frechet_distance(const Gaussian& a, const Gaussian& b) {
  return frechet_distance(a.mean, a.covariance, b.mean, b.covariance);
}

double frechet_distance(const Moments& a, const Moments& b) {
  return frechet_distance(a.gaussian(), b.gaussian());
}

}  // namespace lifted::metrics
