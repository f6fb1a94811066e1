// The one place where differences between libtorch versions live. Everything else uses what 1.13 and the newest 2.x
// share.
#pragma once

#include <torch/version.h>

#include <optional>

#include "lifted/base/tensor.h"

#define LIFTED_TORCH_VERSION (TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR)

namespace lifted {

/// What the dispatcher takes for a `Tensor?`. c10::optional was a type of its own until 2.3, became another name of
/// std::optional, and goes.
#if LIFTED_TORCH_VERSION >= 207
using OptionalTensor = std::optional<torch::Tensor>;
#else
using OptionalTensor = c10::optional<torch::Tensor>;
#endif

}  // namespace lifted
