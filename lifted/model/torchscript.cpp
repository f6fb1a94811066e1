#include "lifted/model/torchscript.h"

#include <torch/script.h>

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/formats/zip_archive.h"

namespace lifted::model {

bool is_torchscript(const std::filesystem::path& path) {
  const auto source = formats::ByteSource::map_file(path);
  if (!source.text().starts_with("PK")) return false;
  const formats::ZipArchive archive(source);
  return std::ranges::any_of(archive.entries(), [](const auto& item) {
    return item.first.ends_with("/constants.pkl") && std::ranges::count(item.first, '/') == 1;
  });
}

std::vector<std::pair<std::string, torch::Tensor>> torchscript_parameters(const std::filesystem::path& path) {
  try {
    std::vector<std::pair<std::string, torch::Tensor>> parameters;
    const auto module = torch::jit::load(path.string(), torch::kCPU);
    for (const auto& item : module.named_parameters()) parameters.emplace_back(item.name, item.value.detach());
    return parameters;
  } catch (const c10::Error& error) {
    fail("{}: libtorch cannot read this TorchScript archive: {}", path.string(), error.what_without_backtrace());
  }
}

struct FeatureProgram::Module {
  mutable torch::jit::Module module;
};

FeatureProgram::FeatureProgram(const std::filesystem::path& path, torch::Device device)
    : name_(path.string()), hash_(sha256_of_file(path)) {
  try {
    module_ = std::make_unique<Module>(Module{torch::jit::load(name_, device)});
  } catch (const c10::Error& error) {
    fail("{}: libtorch cannot read this TorchScript archive: {}", name_, error.what_without_backtrace());
  }
}

FeatureProgram::~FeatureProgram() = default;

torch::Tensor FeatureProgram::run(const torch::Tensor& images, const std::map<std::string, bool>& flags) const {
  const torch::NoGradGuard guard;
  std::unordered_map<std::string, c10::IValue> named;
  for (const auto& [name, value] : flags) named[name] = value;
  c10::IValue result;
  try {
    result = module_->module.get_method("forward")({images}, named);
  } catch (const std::exception& error) {
    const std::string text = error.what();
    fail("{}: this program does not compute features as NVIDIA's do: {}", name_, text.substr(0, text.find('\n')));
  }
  require(result.isTensor(), "{}: this program gives no tensor of features", name_);
  return result.toTensor().to(torch::kFloat32);
}

std::vector<std::pair<std::string, torch::Tensor>> FeatureProgram::tensors() const {
  std::vector<std::pair<std::string, torch::Tensor>> tensors;
  for (const auto& item : module_->module.named_parameters()) tensors.emplace_back(item.name, item.value.detach());
  for (const auto& item : module_->module.named_buffers()) tensors.emplace_back(item.name, item.value.detach());
  return tensors;
}

}  // namespace lifted::model
