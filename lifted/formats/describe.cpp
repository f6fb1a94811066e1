#include "lifted/formats/describe.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "lifted/base/json.h"
#include "lifted/formats/nvidia_pickle.h"

namespace lifted::formats {
namespace {

// Sharing may make a small file describe an endless tree.
constexpr size_t kMaxVisits = 200'000;
constexpr size_t kMaxPathBytes = 64 << 20;
constexpr size_t kLongestText = 120;

std::string shortened(std::string text) {
  if (text.size() <= kLongestText) return text;
  size_t end = kLongestText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not inside a UTF-8 character
  return text.substr(0, end) + "…";
}

std::string json_text(const nlohmann::json& json) {
  return shown(json, kLongestText);
}

std::string joined(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

std::string key_name(const Value& key) {
  if (key.is_string()) return key.as_string();
  return key.kind() == Value::Kind::integer ? std::to_string(key.as_int()) : key.summary();
}

bool is_leaf(const Value& value) {
  return !value.is_sequence() && !value.is_dict() && !value.is_object() && !value.is_tensor();
}

using NonFinite = std::pair<int64_t, int64_t>;

class Describer {
 public:
  explicit Describer(TensorCheck check) : check_(check) {}

  void visit(const Value& value, const std::string& path) {
    path_bytes_ += path.size();
    if (++visits_ > kMaxVisits || path_bytes_ > kMaxPathBytes) result_.complete = false;
    if (!result_.complete) return;
    if (value.is_tensor()) return add_tensor(value.as_tensor(), path);
    if (value.is_dict()) return visit_dict(value.as_dict(), path);
    if (value.is_sequence()) return visit_sequence(value, path);
    if (value.is_object()) return visit_object(value, path);
    add_scalar(path, value.is_string() ? json_text(value.as_string().substr(0, 4 * kLongestText)) : text_of(value));
  }

  Description take() { return std::move(result_); }

 private:
  static std::string text_of(const Value& value) {
    switch (value.kind()) {
      case Value::Kind::integer:
        return std::to_string(value.as_int());
      case Value::Kind::real:
        return fmt::format("{}", value.as_double());
      default:
        return shortened(value.summary());
    }
  }

  void visit_dict(const Dict& dict, const std::string& path) {
    if (dict.items().empty()) return add_scalar(path, "empty dict");
    for (const auto& [key, item] : dict.items()) {
      if (!result_.complete) return;
      visit(item, joined(path, key_name(key)));
    }
  }

  void visit_sequence(const Value& sequence, const std::string& path) {
    const auto& items = sequence.as_sequence();
    if (std::all_of(items.begin(), items.end(), is_leaf)) {
      constexpr size_t shown = 16;
      if (items.size() > shown) return add_scalar(path, sequence.summary());
      auto json = nlohmann::json::array();
      for (const Value& item : items)
        json.push_back(item.is_string() ? nlohmann::json(item.as_string().substr(0, 4 * kLongestText)) : to_json(item));
      return add_scalar(path, json_text(json));
    }
    for (size_t i = 0; i < items.size() && result_.complete; ++i) visit(items[i], joined(path, std::to_string(i)));
  }

  void visit_object(const Value& value, const std::string& path) {
    const Object& object = value.as_object();
    if (!is_module(value)) {
      add_scalar(path, shortened(value.summary().substr(3)));
      if (!object.state.is_none()) visit(object.state, path);
      return;
    }
    const auto [first, is_new] = networks_.try_emplace(value.identity(), path);
    if (!is_new) return add_scalar(path, shortened("the same network as " + first->second));
    add_scalar(path, shortened("network " + object.class_name + " " + json_text(module_arguments(value))));
    for (const auto& [name, tensor] : module_state_dict(value))
      visit(Value::of(torch::Tensor(tensor)), joined(path, name));
  }

  void add_scalar(const std::string& path, std::string text) { result_.scalars.push_back({path, std::move(text)}); }

  void add_tensor(const torch::Tensor& tensor, const std::string& path) {
    TensorEntry entry{.path = path, .dtype = dtype_name(tensor.scalar_type()), .shape = tensor.sizes().vec()};
    entry.bytes = static_cast<uint64_t>(tensor.numel()) * tensor.element_size();
    if (check_ == TensorCheck::count_non_finite) std::tie(entry.nan, entry.infinite) = non_finite(tensor);
    result_.tensors.push_back(std::move(entry));
  }

  /// Numbers of NaN and of infinities; a tensor that occurs again is not read again.
  NonFinite non_finite(const torch::Tensor& tensor) {
    if (!tensor.is_floating_point()) return {};
    const auto [known, is_new] = counted_.try_emplace(tensor.unsafeGetTensorImpl());
    if (is_new) count_non_finite(tensor, known->second);
    return known->second;
  }

  /// In parts, since torch makes copies of what it looks at.
  static void count_non_finite(const torch::Tensor& tensor, NonFinite& counts) {
    constexpr int64_t largest = 1 << 20;
    if (tensor.numel() > largest) {
      const auto sizes = tensor.sizes();
      const int64_t longest = std::max_element(sizes.begin(), sizes.end()) - sizes.begin();
      for (const torch::Tensor& half : tensor.chunk(2, longest)) count_non_finite(half, counts);
      return;
    }
    // Any NaN or infinity makes the sum one, and the sum is the cheapest way to read a tensor.
    if (std::isfinite(tensor.sum(torch::kFloat64).item<double>())) return;
    counts.first += tensor.isnan().sum().item<int64_t>();
    counts.second += tensor.isinf().sum().item<int64_t>();
  }

  TensorCheck check_;
  size_t visits_ = 0, path_bytes_ = 0;
  std::unordered_map<const void*, NonFinite> counted_;
  std::unordered_map<const void*, std::string> networks_;  // where each was met first
  Description result_;
};

}  // namespace

uint64_t Description::elements() const {
  uint64_t count = 0;
  for (const TensorEntry& entry : tensors) {
    uint64_t elements = 1;
    for (const int64_t size : entry.shape) elements *= static_cast<uint64_t>(size);
    count += elements;
  }
  return count;
}

uint64_t Description::bytes() const {
  uint64_t count = 0;
  for (const TensorEntry& entry : tensors) count += entry.bytes;
  return count;
}

int64_t Description::broken_tensors() const {
  return std::count_if(tensors.begin(), tensors.end(), [](const TensorEntry& e) { return e.nan + e.infinite > 0; });
}

Description describe(const Value& root, TensorCheck check) {
  Describer describer(check);
  describer.visit(root, "");
  return describer.take();
}

}  // namespace lifted::formats
