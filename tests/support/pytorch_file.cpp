#include "tests/support/pytorch_file.h"

#include <vector>

#include "lifted/base/file.h"
#include "tests/formats/writers.h"

namespace lifted::test {
namespace {

using formats::test::PickleWriter;

/// Adds the entries of a state dict, and their values to `storages`.
void add_tensors(PickleWriter& pickle, const StateDict& state, std::vector<std::string>& storages) {
  for (const auto& [key, tensor] : state) {
    const torch::Tensor values = tensor.detach().to(torch::kFloat32).contiguous();
    pickle.text(key).tensor("FloatStorage", std::to_string(storages.size()), values.numel(),
                            {.sizes = values.sizes().vec(), .strides = values.strides().vec()});
    storages.emplace_back(reinterpret_cast<const char*>(values.data_ptr<float>()), values.nbytes());
  }
}

}  // namespace

void PytorchFile::save(const std::filesystem::path& path) const {
  PickleWriter pickle;
  std::vector<std::string> storages;
  pickle.raw("}(");
  add_tensors(pickle, tensors, storages);
  for (const auto& [key, state] : dicts) {
    pickle.text(key).raw("}(");
    add_tensors(pickle, state, storages);
    pickle.raw("u");
  }
  write_file_atomically(path, formats::test::zip_checkpoint(pickle.raw("u").stop(), storages));
}

}  // namespace lifted::test
