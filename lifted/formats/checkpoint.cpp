#include "lifted/formats/checkpoint.h"

#include "lifted/formats/file_signature.h"
#include "lifted/formats/numpy_file.h"
#include "lifted/formats/pickle.h"
#include "lifted/formats/pytorch.h"
#include "lifted/formats/safetensors.h"

namespace lifted::formats {
namespace {

Value dict_of(const StateDict& tensors) {
  Dict dict;
  for (const auto& [name, tensor] : tensors) dict.set(Value::of(std::string(name)), Value::of(torch::Tensor(tensor)));
  return Value::of(std::move(dict));
}

Checkpoint read_safetensors_checkpoint(const ByteSource& source) {
  Checkpoint checkpoint{.kind = FileKind::safetensors};
  checkpoint.root = dict_of(read_safetensors(source, &checkpoint.metadata));
  return checkpoint;
}

std::string_view without_wrappers(std::string_view name, std::string_view prefix) {
  constexpr std::string_view kCompiled = "_orig_mod.";
  while (true) {
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
    } else if (name.starts_with(kCompiled)) {
      name.remove_prefix(kCompiled.size());
    } else {
      return name;
    }
  }
}

}  // namespace

std::string_view name_of(FileKind kind) {
  switch (kind) {
    case FileKind::pytorch_zip:
      return "PyTorch checkpoint (zip)";
    case FileKind::pytorch_legacy:
      return "PyTorch checkpoint (legacy, before 1.6)";
    case FileKind::nvidia_pickle:
      return "NVIDIA network pickle";
    case FileKind::safetensors:
      return "safetensors";
    case FileKind::numpy:
      return "NumPy arrays (.npy, .npz)";
  }
  return "checkpoint";
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  return read_checkpoint(ByteSource::map_file(path));
}

Checkpoint read_checkpoint(const ByteSource& source) {
  if (is_safetensors(source)) return read_safetensors_checkpoint(source);
  const std::string other = misplaced_file(source);
  require(other.empty(), "{}: expected a checkpoint, but the file is {}", source.name(), other);
  if (is_npy(source)) return {FileKind::numpy, Value::of(read_npy(source)), nlohmann::json::object()};
  if (is_npz(source)) return {FileKind::numpy, dict_of(read_npz(source)), nlohmann::json::object()};
  if (source.text().starts_with("PK"))
    return {FileKind::pytorch_zip, read_pytorch_zip(source), nlohmann::json::object()};
  if (is_pytorch_legacy(source))
    return {FileKind::pytorch_legacy, read_pytorch_legacy(source), nlohmann::json::object()};
  if (looks_like_pickle(source)) return {FileKind::nvidia_pickle, read_pickle(source), nlohmann::json::object()};
  fail("{}: not a checkpoint of a known kind (PyTorch .pt/.pth, NVIDIA .pkl, .safetensors or NumPy's .npy/.npz)",
       source.name());
}

StateDict tensors_of(const Value& dict, std::string_view strip_prefix) {
  StateDict tensors;
  for (const auto& [key, value] : dict.as_dict().items()) {
    if (!key.is_string()) fail("expected the name of a tensor, found {}", key.summary());
    std::string_view name = key.as_string();
    if (!value.is_tensor()) fail("expected a tensor at '{}', found {}", name, value.summary());
    if (!strip_prefix.empty()) name = without_wrappers(name, strip_prefix);
    require(tensors.emplace(name, value.as_tensor()).second, "two tensors are named '{}' without the prefix '{}'", name,
            strip_prefix);
  }
  return tensors;
}

}  // namespace lifted::formats
