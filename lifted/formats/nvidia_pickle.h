// Networks of NVIDIA's StyleGAN2-ADA and StyleGAN3 (.pkl): pickles whose objects carry their Python source. The source
// is never run: an object becomes its class name, constructor arguments and state (torch_utils/persistence.py of the
// public implementation).
#pragma once

#include <nlohmann/json.hpp>

#include "lifted/base/state_dict.h"
#include "lifted/formats/value.h"

namespace lifted::formats {

/// Whether the value is a torch.nn.Module stored with its state.
bool is_module(const Value& value);

/// The module's parameters and persistent buffers with their dotted names, as its state_dict() gives them
/// ("synthesis.b4.const"). Error if this is no module.
StateDict module_state_dict(const Value& module);

/// The constructor's keyword arguments ({"z_dim": 512, …}); positional ones are under "args". Values that JSON cannot
/// hold become their description.
nlohmann::json module_arguments(const Value& module);

/// None, booleans, numbers, strings and containers of them as JSON; anything else as a string that describes it.
nlohmann::json to_json(const Value& value);

}  // namespace lifted::formats
