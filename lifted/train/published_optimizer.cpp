#include "lifted/train/published_optimizer.h"

#include <map>
#include <string>
#include <vector>

#include "lifted/base/error.h"
#include "lifted/base/log.h"

namespace lifted::train {
namespace {
using formats::Value;
using torch::Tensor;

/// The numbers of the parameters, in the order of the groups.
std::vector<int64_t> parameter_numbers(const Value& optimizer) {
  std::vector<int64_t> numbers;
  for (const Value& group : optimizer.at("param_groups").as_sequence()) {
    for (const Value& number : group.at("params").as_sequence()) numbers.push_back(number.as_int());
  }
  return numbers;
}

int64_t step_count(const Value& step) {
  return step.is_tensor() ? step.as_tensor().item<int64_t>() : static_cast<int64_t>(step.as_double());
}

Tensor moment(const Value& entry, const char* key, const std::string& name, const Tensor& parameter,
              std::string_view what) {
  const Tensor& value = entry.at(key).as_tensor();
  require(value.sizes() == parameter.sizes(), "{}: the optimizer's {} of {} is {}, expected {}", what, key, name,
          fmt::join(value.sizes(), "×"), fmt::join(parameter.sizes(), "×"));
  return value;
}

/// The rates that Adam had, where they are not the task's.
void compare_rates(const Value& optimizer, const LiftTrainerOptions& options, std::string_view what) {
  const auto compare = [&](const char* option, const Value& published, double ours) {
    if (published.as_double() != ours)
      log_warning("{}: was trained with {} {:g}; going on with {:g} (--set {}={:g} keeps it)", what, option,
                  published.as_double(), ours, option, published.as_double());
  };
  for (const Value& group : optimizer.at("param_groups").as_sequence()) {
    compare("learning_rate", group.at("lr"), options.lr);
    compare("weight_decay", group.at("weight_decay"), options.weight_decay);
    const auto& betas = group.at("betas").as_sequence();
    require(betas.size() == 2, "{}: the optimizer has {} betas, expected 2", what, betas.size());
    compare("beta1", betas[0], options.beta1);
    compare("beta2", betas[1], options.beta2);
  }
}

}  // namespace

StateDict adam_state_of_published(const Value& optimizer, const torch::nn::Module& module, std::string_view what) {
  const auto numbers = parameter_numbers(optimizer);
  const auto parameters = module.named_parameters();
  require(numbers.size() == parameters.size(), "{}: the optimizer has {} parameters, expected {}", what, numbers.size(),
          parameters.size());
  std::map<int64_t, Value> states;
  for (const auto& [number, value] : optimizer.at("state").as_dict().items()) states[number.as_int()] = value;
  StateDict result;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const std::string& name = parameters[i].key();
    const Tensor& parameter = parameters[i].value();
    const auto found = states.find(numbers[i]);
    const bool known = found != states.end();
    for (const char* key : {"exp_avg", "exp_avg_sq"}) {
      result[name + "." + key] =
          known ? moment(found->second, key, name, parameter, what) : torch::zeros_like(parameter.detach());
    }
    const int64_t steps = known ? step_count(found->second.at("step")) : 0;
    result[name + ".step"] = torch::tensor(steps, torch::kInt64);
  }
  return result;
}

TrainingState published_training_state(LiftTask& task, const Value& checkpoint, std::string_view what) {
  const Value optimizer = checkpoint.at("optimizer");
  compare_rates(optimizer, task.trainer().options(), what);
  const int64_t steps = step_count(checkpoint.at("global_step"));
  require(steps >= 0 && steps < int64_t{1} << 40, "{}: a global_step of {}", what, steps);
  TrainingState state{.images = steps * task.images_per_step(), .tensors = task.state(), .values = {}};
  add_under(state.tensors, "optimizer.", adam_state_of_published(optimizer, task.trainer().networks(), what));
  nlohmann::json values = task.values();
  values["steps"] = steps;
  state.values = {{"task", std::move(values)},
                  {"loop", {{"steps", steps}, {"tick", 0}, {"tick_images", state.images}, {"seconds", 0}}}};
  return state;
}

}  // namespace lifted::train
