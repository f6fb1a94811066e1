// Any checkpoint file of the field, recognized by its content and read into one kind of tree.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "lifted/base/state_dict.h"
#include "lifted/formats/value.h"

namespace lifted::formats {

enum class FileKind { pytorch_zip, pytorch_legacy, nvidia_pickle, safetensors, numpy };

/// "PyTorch checkpoint (zip)"…: for people.
std::string_view name_of(FileKind kind);

struct Checkpoint {
  FileKind kind = FileKind::pytorch_zip;
  Value root = {};  // of a safetensors or .npz file: a dict of its tensors; of an .npy file: a tensor
  nlohmann::json metadata = nlohmann::json::object();  // safetensors' string map, empty otherwise
};

/// Reads a checkpoint. Tensors may share the file's memory and outlive this call; nothing in the file is run. Error
/// that says what the file is where it is not a checkpoint, and otherwise names file, byte and expectation.
Checkpoint read_checkpoint(const std::filesystem::path& path);
Checkpoint read_checkpoint(const ByteSource& source);

/// The tensors of a state dict, without `strip_prefix` ("module.") and torch.compile's "_orig_mod." where a name begins
/// with them. Error naming the entry if one is not a tensor or two names become equal.
StateDict tensors_of(const Value& dict, std::string_view strip_prefix = "");

}  // namespace lifted::formats
