// safetensors: a JSON header and raw tensors (https://huggingface.co/docs/safetensors). This project's own checkpoint
// format.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "lifted/base/state_dict.h"
#include "lifted/formats/byte_source.h"

namespace lifted::formats {

/// The file's tensors, sharing its memory. `metadata` receives the string map of "__metadata__" (an object; empty if
/// there is none). Error if the header is not exactly consistent: offsets in range, without overlap or gaps, sizes
/// equal to the shapes', no name twice.
StateDict read_safetensors(const std::filesystem::path& path, nlohmann::json* metadata = nullptr);
StateDict read_safetensors(const ByteSource& source, nlohmann::json* metadata = nullptr);

/// Whether the bytes begin as a safetensors file does.
bool is_safetensors(const ByteSource& source);

/// Writes the tensors (any device, any strides), atomically. `metadata` is an object: strings are stored as they are,
/// other values as JSON text. Equal input gives equal bytes.
void write_safetensors(const std::filesystem::path& path, const StateDict& tensors,
                       const nlohmann::json& metadata = {});

}  // namespace lifted::formats
