#include "lifted/nets/load.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lifted/base/error.h"

namespace lifted::nets {
namespace {

/// "3 missing keys (a, b, c)", listing at most four.
std::string summarize(const std::vector<std::string>& keys, const char* what) {
  constexpr size_t kListed = 4;
  const std::vector<std::string> head(keys.begin(),
                                      keys.begin() + static_cast<int64_t>(std::min(keys.size(), kListed)));
  return fmt::format("{} {}{} ({}{})", keys.size(), what, keys.size() == 1 ? "" : "s", fmt::join(head, ", "),
                     keys.size() > kListed ? ", …" : "");
}

std::string shape(const torch::Tensor& tensor) {
  return fmt::format("{}", fmt::join(tensor.sizes(), "×"));
}

/// Finite also as float32: a network computes with no more.
void require_finite(const StateDict& state, std::string_view what) {
  for (const auto& [key, tensor] : state) {
    if (!tensor.is_floating_point()) continue;
    const torch::Tensor values = tensor.scalar_type() == torch::kFloat64 ? tensor.to(torch::kFloat32) : tensor;
    require(values.isfinite().all().item<bool>(), "{}: the tensor {} holds NaN or infinite values", what, key);
  }
}

}  // namespace

StateDict state_of(const torch::nn::Module& module) {
  StateDict state;
  for (const auto& item : module.named_parameters()) state[item.key()] = item.value();
  for (const auto& item : module.named_buffers()) state[item.key()] = item.value();
  return state;
}

void load_strict(torch::nn::Module& module, const StateDict& state, std::string_view what) {
  const StateDict own = state_of(module);
  std::vector<std::string> missing, unknown, misshapen;
  for (const auto& [key, tensor] : own) {
    const auto found = state.find(key);
    if (found == state.end()) {
      missing.push_back(key);
    } else if (found->second.sizes() != tensor.sizes()) {
      misshapen.push_back(fmt::format("{} is {}, expected {}", key, shape(found->second), shape(tensor)));
    }
  }
  for (const auto& item : state) {
    if (!own.count(item.first)) unknown.push_back(item.first);
  }
  std::vector<std::string> problems;
  if (!missing.empty()) problems.push_back(summarize(missing, "missing key"));
  if (!unknown.empty()) problems.push_back(summarize(unknown, "unknown key"));
  if (!misshapen.empty()) problems.push_back(summarize(misshapen, "misshapen tensor"));
  require(problems.empty(), "{}: does not fit the network: {}", what, fmt::join(problems, "; "));
  require_finite(state, what);

  torch::NoGradGuard no_grad;
  for (auto [key, tensor] : own) tensor.copy_(state.at(key));
}

}  // namespace lifted::nets
