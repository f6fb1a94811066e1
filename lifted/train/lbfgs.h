// L-BFGS (Nocedal 1980; Liu and Nocedal 1989) of many independent problems side by side: each has steps and a history
// of its own, and every evaluation serves all of them.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::train {

class Lbfgs {
 public:
  /// start: N×D. `first_step`: how far the first trial is from it.
  Lbfgs(const torch::Tensor& start, double first_step);

  /// Where values and gradients are wanted next: N×D.
  const torch::Tensor& trial() const { return trial_; }
  /// Of the trial: N and N×D. A trial that does not come down far enough (Armijo) is tried again nearer; what is not
  /// finite is no way down. Waits for no device.
  void take(const torch::Tensor& values, const torch::Tensor& gradients);
  /// The lowest points so far, N×D; what they had.
  const torch::Tensor& point() const { return point_; }
  const torch::Tensor& values() const { return values_; }

 private:
  void remember(const torch::Tensor& accepted, const torch::Tensor& gradients);
  void choose_trial();
  torch::Tensor direction() const;

  torch::Tensor point_, values_, gradients_, trial_;
  torch::Tensor steps_;               // differences of accepted points, oldest first: M×N×D; 0: none
  torch::Tensor bends_;               // those of their gradients
  torch::Tensor direction_, length_;  // N×D, N×1: trial = point + length · direction
  torch::Tensor downhill_;            // N×1: how far a problem without a history steps
  torch::Tensor refused_;             // N×1: trials in a row that were no way down
};

}  // namespace lifted::train
