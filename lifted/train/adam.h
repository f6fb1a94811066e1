// Adam (Kingma and Ba 2015) whose whole state can be saved and restored bit for bit.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lifted/base/state_dict.h"
#include "lifted/base/torch_nn.h"

namespace lifted::train {

struct AdamOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;  // L2, inside the gradient
  /// A parameter that took part in no loss: updated with a zero gradient (false), or left alone with its step count
  /// (true, as torch.optim).
  bool skip_missing_gradients = false;
};

class Adam {
 public:
  /// Of all parameters of `module`, in its order; their names are the keys of the state. Error naming a parameter that
  /// requires no gradient: it would stand still without a word.
  Adam(const torch::nn::Module& module, AdamOptions options);

  /// Takes the state to where the parameters have been moved.
  void to(torch::Device device);

  /// The learning rate of the steps to come; it is no part of the state.
  void set_learning_rate(double lr) { options_.lr = lr; }
  /// Drops all gradients.
  void zero_gradients();
  /// The norm of every parameter's gradient, 0 where it has none: float64, one for each of names(), where the
  /// parameters are.
  torch::Tensor gradient_norms() const;
  /// The parameters' names.
  std::shared_ptr<const std::vector<std::string>> names() const { return names_; }
  /// One update from the parameters' gradients. Where `proceed` (bool, one element, on their device) is false it leaves
  /// parameters and moments as they were; the step counts.
  void step(const torch::Tensor& proceed = {});

  /// "NAME.exp_avg" (absent where beta1 is 0), "NAME.exp_avg_sq", "NAME.step" of every parameter, sharing memory with
  /// the optimizer's.
  StateDict state() const;
  /// Error naming the tensor if a key is missing or of another shape.
  void load_state(const StateDict& state, std::string_view what);

 private:
  struct Slot {
    std::string name;
    torch::Tensor parameter, mean, square;
    int64_t steps = 0;
  };
  AdamOptions options_;
  std::vector<Slot> slots_;
  std::shared_ptr<const std::vector<std::string>> names_;
};

/// average ← decay · average + (1 − decay) · source for every parameter; buffers stay. Both networks must be alike.
void update_moving_average(const torch::nn::Module& average, const torch::nn::Module& source, double decay);

}  // namespace lifted::train
