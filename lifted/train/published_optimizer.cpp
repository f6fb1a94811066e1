#include "lifted/train/published_optimizer.h"

#include <map>
#include <string>
#include <vector>

#include "lifted/base/error.h"

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

}  // namespace lifted::train
