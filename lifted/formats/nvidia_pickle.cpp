#include "lifted/formats/nvidia_pickle.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "lifted/formats/python_calls.h"

namespace lifted::formats {
namespace {

/// torch_utils.persistence._reconstruct_persistent_obj(meta): meta = {type, version, module_src, class_name, state}.
Value reconstruct_persistent(const PythonCall& call) {
  const Value& meta = call.argument(0);
  const std::string& type = meta.at("type").as_string();
  require(type == "class", "a persistent object of type '{}', expected 'class'", type);
  Object object{
      .module = "torch_utils.persistence", .class_name = meta.at("class_name").as_string(), .state = meta.at("state")};
  call.environment.budget->spend_bytes(object.class_name.size());
  if (object.state.is_dict()) {
    if (const Value* arguments = object.state.find("_init_args")) object.arguments = *arguments;
    if (const Value* keywords = object.state.find("_init_kwargs")) object.keyword_arguments = *keywords;
  }
  return Value::of(std::move(object));
}

/// EasyDict(): a dict whose entries follow.
Value new_easy_dict(const PythonCall& call) {
  return Value::of(Dict(std::string(call.name)));
}

constexpr auto kNvidiaFunctions = std::to_array<PythonEntry>({
    {"torch_utils.persistence._reconstruct_persistent_obj", reconstruct_persistent},
    {"dnnlib.util.EasyDict", new_easy_dict},
    {"dnnlib.EasyDict", new_easy_dict},
});

// Sharing may make a small file describe an endless tree.
constexpr size_t kMaxEntries = 200'000;  // a long text counts as several
constexpr size_t kMaxNameBytes = 64 << 20;

class StateDictCollector {
 public:
  void collect(const Value& module, const std::string& prefix) {
    visit(prefix);
    if (!is_module(module))
      fail("{} is {}, expected a module", prefix.empty() ? "the network" : prefix, module.summary());
    const Value& state = module.as_object().state;
    collect_tensors(state, "_parameters", prefix, nullptr);
    collect_tensors(state, "_buffers", prefix, state.find("_non_persistent_buffers_set"));
    for (const auto& [name, child] : state.at("_modules").as_dict().items()) {
      if (!child.is_none()) collect(child, prefix + name.as_string() + ".");
    }
  }

  StateDict take() { return std::move(tensors_); }

 private:
  void visit(std::string_view name) {
    name_bytes_ += name.size();
    require(++visited_ <= kMaxEntries && name_bytes_ <= kMaxNameBytes, "a module with far too many parts");
  }

  static bool contains(const Value* names, const std::string& name) {
    if (!names) return false;
    for (const Value& other : names->as_sequence()) {
      if (other.is_string() && other.as_string() == name) return true;
    }
    return false;
  }

  void collect_tensors(const Value& state, const char* kind, const std::string& prefix, const Value* left_out) {
    for (const auto& [name, tensor] : state.at(kind).as_dict().items()) {
      visit(name.as_string());
      name_bytes_ += prefix.size();
      if (tensor.is_none() || contains(left_out, name.as_string())) continue;
      tensors_[prefix + name.as_string()] = tensor.as_tensor();
    }
  }

  StateDict tensors_;
  size_t visited_ = 0, name_bytes_ = 0;
};

nlohmann::json to_json(const Value& value, size_t& left) {
  require(left > 0, "constructor arguments with more than {} parts", kMaxEntries);
  --left;
  switch (value.kind()) {
    case Value::Kind::none:
      return nullptr;
    case Value::Kind::boolean:
      return value.as_bool();
    case Value::Kind::integer:
      return value.as_int();
    case Value::Kind::real:
      return std::isfinite(value.as_double()) ? nlohmann::json(value.as_double()) : nlohmann::json(value.summary());
    case Value::Kind::string:
      left -= std::min(left, value.as_string().size() / 64);
      return value.as_string();
    case Value::Kind::list:
    case Value::Kind::tuple:
    case Value::Kind::set: {
      auto array = nlohmann::json::array();
      for (const Value& item : value.as_sequence()) array.push_back(to_json(item, left));
      return array;
    }
    case Value::Kind::dict: {
      auto object = nlohmann::json::object();
      for (const auto& [key, item] : value.as_dict().items()) {
        object[key.is_string() ? key.as_string() : key.summary()] = to_json(item, left);
      }
      return object;
    }
    default:
      return value.summary();
  }
}

}  // namespace

std::span<const PythonEntry> nvidia_functions() {
  return kNvidiaFunctions;
}

bool is_module(const Value& value) {
  if (!value.is_object() || !value.as_object().state.is_dict()) return false;
  const Value& state = value.as_object().state;
  return state.find("_parameters") && state.find("_buffers") && state.find("_modules");
}

StateDict module_state_dict(const Value& module) {
  StateDictCollector collector;
  collector.collect(module, "");
  return collector.take();
}

nlohmann::json module_arguments(const Value& module) {
  const Object& object = module.as_object();
  nlohmann::json arguments =
      object.keyword_arguments.is_dict() ? to_json(object.keyword_arguments) : nlohmann::json::object();
  if (object.arguments.is_sequence() && !object.arguments.as_sequence().empty())
    arguments["args"] = to_json(object.arguments);
  return arguments;
}

nlohmann::json to_json(const Value& value) {
  size_t left = kMaxEntries;
  return to_json(value, left);
}

}  // namespace lifted::formats
