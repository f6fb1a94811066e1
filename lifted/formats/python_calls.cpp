#include "lifted/formats/python_calls.h"

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

[[noreturn]] void refuse(const std::string& whole_name) {
  const std::string name = printable(whole_name, 120);
  if (name.starts_with("dnnlib.tflib.")) {
    fail(
        "{}: this is a TensorFlow StyleGAN network; convert it first with stylegan2-ada-pytorch's legacy.py "
        "(--source network.pkl --dest network-torch.pkl)",
        name);
  }
  fail(
      "the pickle asks to run {}, which is refused: only tensors and plain containers are read. If the file can be "
      "trusted, load it "
      "in Python and save its state_dict()",
      name);
}

}  // namespace

const Value& PythonCall::argument(size_t index) const {
  require(index < arguments.size(), "{} with {} arguments, expected at least {}", name, arguments.size(), index + 1);
  return arguments[index];
}

Value call_python(const Name& name, std::span<const Value> arguments, const PickleEnvironment& environment) {
  const std::string text = canonical(name);
  const auto function = functions().find(text);
  if (function == functions().end()) refuse(text);
  return function->second({function->first, arguments, environment});
}

void set_python_state(Value& object, const Value& state, const PickleEnvironment& environment) {
  if (object.kind() == Value::Kind::name) refuse(object.as_name().text());
  if (set_numpy_state(object, state, environment)) return;
  if (!object.is_dict()) fail("{} cannot take a state", object.summary());
  auto& dict = std::get<Dict>(object.node().content);
  // An OrderedDict's state are attributes of the container (state_dict()'s `_metadata`), not entries.
  const bool attributes_are_entries =
      dict.python_type == "argparse.Namespace" || dict.python_type == "types.SimpleNamespace";
  if (!attributes_are_entries) return;
  for (const auto& [key, value] : state.as_dict().items()) {
    environment.budget->spend_object();
    dict.set(key, value);
  }
}

}  // namespace lifted::formats
