#include "lifted/train/lbfgs.h"

#include <vector>

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr int64_t kHistory = 10;
constexpr double kEnough = 1e-4, kNearer = 0.4;  // of the slope; of the length
constexpr int kMostRefused = 6;                  // then the history is forgotten
constexpr double kLeastBend = 1e-6;              // cosine of step and bend, below which a pair tells nothing

Tensor scalar_product(const Tensor& a, const Tensor& b) {
  return (a * b).sum(-1, true);
}

/// 1/x, and 0 where x is 0.
Tensor inverse_of(const Tensor& x) {
  return torch::where(x != 0, x.reciprocal(), torch::zeros_like(x));
}

/// Histories with a new last pair instead of their first.
Tensor appended(const Tensor& history, const Tensor& last) {
  return torch::cat({history.slice(0, 1), last.unsqueeze(0)});
}

}  // namespace

Lbfgs::Lbfgs(const Tensor& start, double first_step)
    : point_(start.detach().clone()),
      trial_(point_),
      steps_(torch::zeros({kHistory, start.size(0), start.size(1)}, start.options().requires_grad(false))),
      bends_(torch::zeros_like(steps_)),
      length_(torch::ones({start.size(0), 1}, steps_.options())),
      downhill_(torch::full_like(length_, first_step)),
      refused_(torch::zeros_like(length_)) {}

void Lbfgs::take(const Tensor& values, const Tensor& gradients) {
  const torch::NoGradGuard guard;
  const Tensor value = values.detach().unsqueeze(1);
  if (!values_.defined()) {
    values_ = value, gradients_ = gradients.detach();
    return choose_trial();
  }
  const Tensor accepted = value <= values_ + kEnough * length_ * scalar_product(direction_, gradients_);
  remember(accepted, gradients.detach());
  point_ = torch::where(accepted, trial_, point_);
  values_ = torch::where(accepted, value, values_);
  gradients_ = torch::where(accepted, gradients.detach(), gradients_);
  refused_ = torch::where(accepted, torch::zeros_like(refused_), refused_ + 1);
  length_ = torch::where(accepted, torch::ones_like(length_), kNearer * length_);
  const Tensor lost = refused_ >= kMostRefused;
  refused_ = torch::where(lost, torch::zeros_like(refused_), refused_);
  length_ = torch::where(lost, torch::ones_like(length_), length_);
  downhill_ = torch::where(lost, 0.1 * downhill_, downhill_);
  steps_ = torch::where(lost, torch::zeros_like(steps_), steps_);
  bends_ = torch::where(lost, torch::zeros_like(bends_), bends_);
  choose_trial();
}

void Lbfgs::remember(const Tensor& accepted, const Tensor& gradients) {
  const Tensor step = trial_ - point_, bend = gradients - gradients_;
  const Tensor tells = scalar_product(step, bend) > kLeastBend * step.norm(2, 1, true) * bend.norm(2, 1, true);
  const Tensor kept = accepted & tells;
  steps_ = torch::where(kept, appended(steps_, step), steps_);
  bends_ = torch::where(kept, appended(bends_, bend), bends_);
}

void Lbfgs::choose_trial() {
  const Tensor downhill = -downhill_ * gradients_ * inverse_of(gradients_.norm(2, 1, true));
  const Tensor known = scalar_product(steps_[kHistory - 1], bends_[kHistory - 1]) > 0, way = direction();
  direction_ = torch::where(known & (scalar_product(way, gradients_) < 0), way, downhill);
  trial_ = point_ + length_ * direction_;
}

/// The two-loop recursion.
Tensor Lbfgs::direction() const {
  Tensor q = gradients_;
  std::vector<Tensor> shares(kHistory), weights(kHistory);
  for (int64_t k = kHistory - 1; k >= 0; --k) {
    const auto i = static_cast<size_t>(k);
    weights[i] = inverse_of(scalar_product(steps_[k], bends_[k]));
    shares[i] = weights[i] * scalar_product(steps_[k], q);
    q = q - shares[i] * bends_[k];
  }
  const Tensor last = bends_[kHistory - 1];
  q = q * scalar_product(steps_[kHistory - 1], last) * inverse_of(scalar_product(last, last));
  for (int64_t k = 0; k < kHistory; ++k) {
    const auto i = static_cast<size_t>(k);
    q = q + steps_[k] * (shares[i] - weights[i] * scalar_product(bends_[k], q));
  }
  return -q;
}

}  // namespace lifted::train
