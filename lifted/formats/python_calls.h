// The Python functions and classes that pickles in checkpoints use, and what this reader does in their place. Private
// to the pickle reader. What any other name makes of its arguments is not known: the result is an object of that class,
// without contents.
#pragma once

#include <span>
#include <string_view>

#include "lifted/formats/pickle.h"

namespace lifted::formats {

/// One call in a pickle: the name, for messages, and its positional arguments.
struct PythonCall {
  std::string_view name;
  std::span<const Value> arguments;
  const PickleEnvironment& environment;

  /// The argument, or Error naming the call.
  const Value& argument(size_t index) const;
};

using PythonFunction = Value (*)(const PythonCall& call);

struct PythonEntry {
  std::string_view name;
  PythonFunction function;
};

/// collections, builtins, copyreg, argparse, pathlib.
std::span<const PythonEntry> container_functions();
/// torch._utils, torch.storage and their kin.
std::span<const PythonEntry> torch_functions();
/// numpy's arrays, scalars and dtypes.
std::span<const PythonEntry> numpy_functions();
/// NVIDIA's persistence classes and EasyDict.
std::span<const PythonEntry> nvidia_functions();

/// `name(*arguments)`; an object of unknown contents if the name is not in a table. Error naming the function if it is
/// one that only an attack would call (os.system, eval…), although nothing would run it here.
Value call_python(const Name& name, std::span<const Value> arguments, const PickleEnvironment& environment);
/// Whether the name is in a table.
bool is_known_to_python(const Name& name);
/// An object of which only the class is known.
Value unknown_object(const Name& type, const PickleEnvironment& environment);

/// `object.__setstate__(state)` or its default. Of an object of unknown class, a torch.nn.Module's tensors and parts
/// are kept.
void set_python_state(Value& object, const Value& state, const PickleEnvironment& environment);

/// A NumPy array or dtype receiving its state; false if `object` is neither.
bool set_numpy_state(Value& object, const Value& state, const PickleEnvironment& environment);

}  // namespace lifted::formats
