// Named tensors: what checkpoint readers produce and networks consume.
#pragma once

#include <map>
#include <string>

#include "lifted/base/tensor.h"

namespace lifted {

/// Parameter and buffer names ("convs.0.conv.weight") to tensors, on the CPU unless said otherwise.
using StateDict = std::map<std::string, torch::Tensor>;

}  // namespace lifted
