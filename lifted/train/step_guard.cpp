#include "lifted/train/step_guard.h"

#include <cmath>

namespace lifted::train {
namespace {
using torch::Tensor;

std::string sentence_of(std::string_view term, const std::string& parameter, std::string_view network) {
  return fmt::format("{}{}the gradient of {}{}{} is not finite", term, term.empty() ? "" : ": ", parameter,
                     network.empty() ? "" : " of the ", network);
}

void require_finite(std::string_view term, double value, int64_t steps_before) {
  if (std::isfinite(value)) return;
  throw NonFiniteError(fmt::format("{} is {}", term, std::isnan(value) ? NAN : value), steps_before);  // never "-nan"
}

void require_finite_norms(const Tensor& norms, const std::vector<std::string>& names, std::string_view term,
                          std::string_view network, int64_t steps_before) {
  const Tensor read = norms.to(torch::kCPU);
  const auto* values = read.data_ptr<double>();
  for (size_t i = 0; i < names.size(); ++i) {
    if (!std::isfinite(values[i])) throw NonFiniteError(sentence_of(term, names[i], network), steps_before);
  }
}

}  // namespace

void StepGuard::watch(std::string_view term, const Tensor& value) {
  const Tensor loss = value.detach();
  if (at_once(loss)) return require_finite(term, loss.item<double>(), 0);
  losses_.push_back({std::string(term), loss});
}

Tensor StepGuard::update(Adam& optimizer, std::string_view term, std::string_view network) {
  const Tensor norms = optimizer.gradient_norms();
  if (at_once(norms)) {
    require_finite_norms(norms, *optimizer.names(), term, network, 0);
    optimizer.step();
  } else {
    records_.push_back({steps_, std::move(losses_), std::string(term), std::string(network), norms, optimizer.names()});
    losses_.clear();
    optimizer.step(admit(records_.back()));
  }
  optimizer.zero_gradients();
  return norms.square().sum().sqrt();
}

Tensor StepGuard::admit(const Record& record) {
  std::vector<Tensor> finite = {record.norms.isfinite().all()};
  for (const Watched& loss : record.losses) finite.push_back(loss.value.isfinite().all());
  if (sound_.defined()) finite.push_back(sound_);
  return sound_ = torch::stack(finite).all();
}

void StepGuard::check() {
  if (records_.empty()) return;
  const bool sound = sound_.item<bool>();
  if (!sound) {
    for (const Record& record : records_) record.explain(steps_ - 1 - record.step);
    throw NonFiniteError("a loss or gradient was not finite");
  }
  records_.clear();
}

void StepGuard::Record::explain(int64_t steps_before) const {
  for (const Watched& loss : losses) require_finite(loss.term, loss.value.item<double>(), steps_before);
  require_finite_norms(norms, *names, term, network, steps_before);
}

}  // namespace lifted::train
