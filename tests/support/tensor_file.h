// A minimal reader of trusted safetensors fixtures, for tests of layers below `formats`.
#pragma once

#include <torch/torch.h>

#include <filesystem>

#include "lifted/base/state_dict.h"

namespace lifted::test {

/// The F32, F16, F64, U8 and I64 tensors of a safetensors file; F16 comes back as float.
StateDict read_tensor_file(const std::filesystem::path& path);

}  // namespace lifted::test
