// Nothing that is not finite may reach a weight, and nobody waits for a GPU to know.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lifted/base/error.h"
#include "lifted/base/tensor.h"
#include "lifted/train/adam.h"

namespace lifted::train {

/// A loss or gradient became NaN or infinite.
class NonFiniteError : public Error {
 public:
  explicit NonFiniteError(const std::string& message, int64_t before = 0) : Error(message), steps_before(before) {}
  /// How many whole steps were made since: 0 where it was found at once.
  int64_t steps_before;
};

/// Watches the losses and gradients of a task's steps. On a CPU, what is not finite is an error where it is found. On
/// a GPU, looking would mean waiting: there one flag on the device holds off this update and all later ones, and
/// check() says what it was.
class StepGuard {
 public:
  /// A loss: one element. NonFiniteError "TERM is nan" if it is on a CPU and not finite.
  void watch(std::string_view term, const torch::Tensor& value);
  /// One step of the optimizer with the gradients gathered since the last, which are dropped. Returns their norm
  /// (float64, one element). NonFiniteError "TERM: the gradient of NAME of the NETWORK is not finite" if they are on a
  /// CPU and one is not; term and network may be empty.
  torch::Tensor update(Adam& optimizer, std::string_view term = {}, std::string_view network = {});
  /// After every whole step.
  void end_step() { ++steps_; }
  /// Reads the flag: NonFiniteError of the first thing that was not finite since the last check.
  void check();

  /// Lets a CPU do as a GPU does.
  void look_later() { later_ = true; }

 private:
  struct Watched {
    std::string term;
    torch::Tensor value;
  };
  /// What one update asked about.
  struct Record {
    int64_t step = 0;
    std::vector<Watched> losses;
    std::string term, network;
    torch::Tensor norms;
    std::shared_ptr<const std::vector<std::string>> names;

    void explain(int64_t steps_before) const;
  };
  bool at_once(const torch::Tensor& value) const { return value.is_cpu() && !later_; }
  torch::Tensor admit(const Record& record);

  bool later_ = false;
  int64_t steps_ = 0;
  std::vector<Watched> losses_;  // since the last update
  std::vector<Record> records_;  // since the last check
  torch::Tensor sound_;          // bool, one element: everything was finite so far
};

}  // namespace lifted::train
