// The one place where differences between libtorch versions live. Everything else uses what 1.13 and the newest 2.x
// share.
#pragma once

#include <torch/torch.h>
#include <torch/version.h>

#define LIFTED_TORCH_VERSION (TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR)
