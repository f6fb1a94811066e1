// A device that stands in for a GPU where there is none. Its tensors lie in the CPU's memory and the CPU's kernels
// compute on them, so results can be compared; but libtorch takes it for a device of its own: whatever lies on the CPU
// is refused beside it, our CPU kernels and fused passes do not see it, and every wait is counted.
#pragma once

#include <map>
#include <string>

#include "lifted/base/tensor.h"

namespace lifted::test {

/// The device. Calls with tensors of both sides (but for numbers), or with a generator of the CPU's, are c10::Errors
/// that name the op.
torch::Device stand_in_device();

/// What would have made the CPU wait for a GPU since the last call, and how often: "read" (a number or tensor fetched),
/// "write" (a copy onto the device that was not asked not to block), or an op whose result's size depends on values.
std::map<std::string, int64_t> take_waits();

}  // namespace lifted::test
