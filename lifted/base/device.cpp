#include "lifted/base/device.h"

#include <map>
#include <mutex>
#include <string>
#include <tuple>

namespace lifted {
namespace {
using torch::Tensor;

/// Sizes, fields of view and scales that a process meets are few; more than this many are not kept.
constexpr size_t kMostConstants = 256;

class Constants {
 public:
  using Key = std::tuple<std::string, std::vector<double>, std::string, torch::ScalarType>;

  Tensor get(const Key& key, const std::function<Tensor()>& make) {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(key); found != kept_.end()) return found->second;
    if (kept_.size() >= kMostConstants) kept_.clear();
    return kept_.emplace(key, make()).first->second;
  }

 private:
  std::mutex mutex_;
  std::map<Key, Tensor> kept_;
};

Constants& constants() {
  static auto* all = new Constants;  // outlives every thread and every tensor's allocator
  return *all;
}

}  // namespace

Tensor to_device(const Tensor& tensor, torch::Device device) {
  if (device.is_cpu() || !tensor.is_cpu()) return tensor.to(device);
  const bool pinned = !device.is_cuda() || tensor.is_pinned();
  return (pinned ? tensor : tensor.contiguous().pin_memory()).to(device, /*non_blocking=*/true);
}

torch::TensorOptions staging_options(torch::Device device, torch::ScalarType type) {
  return torch::TensorOptions().dtype(type).pinned_memory(device.is_cuda());
}

Tensor constant(const char* kind, const std::vector<double>& key, const torch::TensorOptions& options,
                const std::function<Tensor()>& make) {
  const torch::Device device = options.device();
  const torch::ScalarType type = c10::typeMetaToScalarType(options.dtype());
  return constants().get({kind, key, device.str(), type}, [&] {
    const torch::NoGradGuard guard;
    return make().to(device, type);
  });
}

Tensor constant(const std::vector<double>& values, at::IntArrayRef shape, const torch::TensorOptions& options) {
  std::vector<double> key = values;
  for (const int64_t side : shape) key.push_back(static_cast<double>(side));
  return constant("values", key, options, [&] { return torch::tensor(values, torch::kDouble).view(shape); });
}

}  // namespace lifted
