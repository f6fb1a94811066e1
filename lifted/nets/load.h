// Strict loading of named tensors into a network.
#pragma once

#include <string_view>

#include "lifted/base/state_dict.h"
#include "lifted/base/torch_nn.h"

namespace lifted::nets {

/// Copies `state` into the parameters and buffers of `module` (converting to their type and device). `what` names the
/// source in errors ("liftedgan-256.pth: netD"). Error if a key is missing, unknown or of another shape, or if a value
/// is NaN or infinite: the message lists the first few of each kind and how many there are. Nothing is changed then.
void load_strict(torch::nn::Module& module, const StateDict& state, std::string_view what);

/// The module's parameters and buffers by name, sharing their memory.
StateDict state_of(const torch::nn::Module& module);

}  // namespace lifted::nets
