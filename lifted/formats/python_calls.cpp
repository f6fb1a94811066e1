#include "lifted/formats/python_calls.h"

#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "lifted/base/printable.h"

namespace lifted::formats {
namespace {

using FunctionTable = std::unordered_map<std::string_view, PythonFunction>;

const FunctionTable& functions() {
  static const FunctionTable table = [] {
    FunctionTable all;
    for (const auto& entries : {container_functions(), torch_functions(), numpy_functions(), nvidia_functions()}) {
      for (const PythonEntry& entry : entries) all.emplace(entry.name, entry.function);
    }
    return all;
  }();
  return table;
}

/// Python 2's and NumPy 2's names of the same things.
std::string canonical(const Name& name) {
  if (name.module == "__builtin__") return "builtins." + name.name;
  if (name.module == "copy_reg") return "copyreg." + name.name;
  if (name.module.starts_with("numpy._core.")) return "numpy.core." + name.module.substr(12) + "." + name.name;
  return name.text();
}

/// Functions that run code or touch the machine. Nothing here would run them; but no honest checkpoint asks for them,
/// and who opens such a file in Python ought to know.
bool is_an_attack(const std::string& name) {
  static const std::set<std::string_view> modules = {
      "os",     "posix",  "nt",     "subprocess", "sys",     "importlib", "imp",       "runpy",
      "socket", "shutil", "ctypes", "pty",        "code",    "pickle",    "_pickle",   "commands",
      "pip",    "pdb",    "bdb",    "timeit",     "profile", "cProfile",  "webbrowser"};
  static const std::set<std::string_view> builtins = {"eval",  "exec",  "execfile",   "compile",   "open",
                                                      "apply", "input", "__import__", "breakpoint"};
  constexpr std::string_view kBuiltins = "builtins.";
  if (name.starts_with(kBuiltins)) return builtins.contains(std::string_view(name).substr(kBuiltins.size()));
  return modules.contains(std::string_view(name).substr(0, name.find('.')));
}

void refuse_attack(const std::string& name) {
  if (is_an_attack(name))
    fail("the pickle asks to run {}, which no checkpoint needs: do not open this file in Python", printable(name, 200));
}

void refuse_tensorflow(const std::string& name) {
  if (name.starts_with("dnnlib.tflib.")) {
    fail(
        "{}: this is a TensorFlow StyleGAN network; convert it first with stylegan2-ada-pytorch's legacy.py "
        "(--source network.pkl --dest network-torch.pkl)",
        printable(name, 200));
  }
}

/// Of a torch.nn.Module's attributes, those that hold its tensors and parts; none if this is no module's state.
std::optional<Dict> module_state(const Value& state) {
  const auto has = [&](const char* key) { return state.find(key) && state.find(key)->is_dict(); };
  if (!state.is_dict() || !has("_parameters") || !has("_buffers") || !has("_modules")) return {};
  Dict kept;
  for (const char* key : {"_parameters", "_buffers", "_non_persistent_buffers_set", "_modules"}) {
    if (const Value* value = state.find(key)) kept.set(Value::of(std::string(key)), *value);
  }
  return kept;
}

}  // namespace

const Value& PythonCall::argument(size_t index) const {
  require(index < arguments.size(), "{} with {} arguments, expected at least {}", name, arguments.size(), index + 1);
  return arguments[index];
}

Value call_python(const Name& name, std::span<const Value> arguments, const PickleEnvironment& environment) {
  const auto function = functions().find(canonical(name));
  if (function == functions().end()) return unknown_object(name, environment);
  return function->second({function->first, arguments, environment});
}

bool is_known_to_python(const Name& name) {
  return functions().contains(canonical(name));
}

Value unknown_object(const Name& type, const PickleEnvironment& environment) {
  const std::string text = canonical(type);
  refuse_tensorflow(text);
  refuse_attack(text);
  environment.budget->spend_bytes(text.size());
  return Value::of(Object{.module = type.module, .class_name = type.name, .known = false});
}

void set_python_state(Value& object, const Value& state, const PickleEnvironment& environment) {
  if (object.kind() == Value::Kind::name) return refuse_attack(canonical(object.as_name()));
  if (set_numpy_state(object, state, environment)) return;
  if (object.is_object() && !object.as_object().known) {
    if (auto kept = module_state(state)) std::get<Object>(object.node().content).state = Value::of(std::move(*kept));
    return;
  }
  if (object.is_sequence() || object.is_tensor()) return;
  if (!object.is_dict()) fail("{} cannot take a state", object.summary());
  auto& dict = std::get<Dict>(object.node().content);
  // An OrderedDict's state are attributes of the container (state_dict()'s `_metadata`), not entries.
  const bool attributes_are_entries =
      dict.python_type == "argparse.Namespace" || dict.python_type == "types.SimpleNamespace";
  if (!attributes_are_entries) return;
  for (const auto& [key, value] : state.as_dict().items()) {
    environment.budget->spend_object(sizeof(Node));
    dict.set(key, value);
  }
}

}  // namespace lifted::formats
