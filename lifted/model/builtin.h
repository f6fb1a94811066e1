// The pretrained network that the library carries: models/heads-128.safetensors.
#pragma once

#include <filesystem>

#include "lifted/formats/byte_source.h"

namespace lifted::model {

/// What names it wherever a network's path is expected.
inline constexpr const char* kBuiltinNetwork = "builtin";

/// The bytes of a network: of the built-in one, or of the file with that path.
formats::ByteSource network_bytes(const std::filesystem::path& path);

}  // namespace lifted::model
