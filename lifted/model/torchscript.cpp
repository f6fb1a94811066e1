#include "lifted/model/torchscript.h"

#include <torch/script.h>

#include <algorithm>

#include "lifted/base/error.h"
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

}  // namespace lifted::model
