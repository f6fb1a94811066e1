// c10d, as far as versions of libtorch differ in it. For train/world alone: its headers are large.
#pragma once

#include "lifted/base/torch_compat.h"

#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace lifted {

/// What moves tensors between processes. Until 1.13 every kind was a ProcessGroup; since 2.0 it is a Backend.
#if LIFTED_TORCH_VERSION >= 200
using DistributedBackend = c10d::Backend;
#else
using DistributedBackend = c10d::ProcessGroup;
#endif

}  // namespace lifted
