// Programs saved by torch.jit.save, as NVIDIA publishes its feature networks.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lifted/base/tensor.h"

namespace lifted::model {

/// Whether the file is a TorchScript archive: a zip with the program's constants.
bool is_torchscript(const std::filesystem::path& path);

/// A published feature network run as it is by libtorch, so that its arithmetic is the published one by construction.
/// Unlike checkpoints, a program is code: libtorch's interpreter runs it.
class FeatureProgram {
 public:
  /// Error if libtorch cannot read it.
  explicit FeatureProgram(const std::filesystem::path& path, torch::Device device = torch::kCPU);
  ~FeatureProgram();
  FeatureProgram(const FeatureProgram&) = delete;
  FeatureProgram& operator=(const FeatureProgram&) = delete;

  /// Its forward(images, flags…): a tensor of float. Error naming the file if it takes no such flags or fails.
  torch::Tensor run(const torch::Tensor& images, const std::map<std::string, bool>& flags) const;
  /// Parameters and buffers in the order they are declared, by full name ("layers.conv.weight").
  std::vector<std::pair<std::string, torch::Tensor>> tensors() const;
  /// SHA-256 of the file.
  const std::string& content_hash() const { return hash_; }

 private:
  struct Module;
  std::unique_ptr<Module> module_;
  std::string name_, hash_;
};

/// Its parameters in the order they are declared, by full name ("layers.conv1.weight"), on the CPU. Error if libtorch
/// cannot read it.
std::vector<std::pair<std::string, torch::Tensor>> torchscript_parameters(const std::filesystem::path& path);

}  // namespace lifted::model
