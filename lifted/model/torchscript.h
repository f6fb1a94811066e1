// Programs saved by torch.jit.save, as NVIDIA publishes its feature networks.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace lifted::model {

/// Whether the file is a TorchScript archive: a zip with the program's constants.
bool is_torchscript(const std::filesystem::path& path);

/// Its parameters in the order they are declared, by full name ("layers.conv1.weight"), on the CPU. Error if libtorch
/// cannot read it.
std::vector<std::pair<std::string, torch::Tensor>> torchscript_parameters(const std::filesystem::path& path);

}  // namespace lifted::model
