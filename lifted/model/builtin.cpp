#include "lifted/model/builtin.h"

#include "lifted/base/parts.h"
#include "lifted/formats/embedded.h"

namespace lifted::model {

formats::ByteSource network_bytes(const std::filesystem::path& path) {
  if (path != kBuiltinNetwork) return formats::ByteSource::map_file(path);
  if (embedded::builtin_network_size == 0)
    left_out("builtin", "network of its own (name a file, such as models/heads-128.safetensors)",
             "LIFTED_BUILTIN_NETWORK");
  const auto* first = reinterpret_cast<const std::byte*>(embedded::builtin_network);
  return formats::ByteSource::adopt(Bytes(first, first + embedded::builtin_network_size), kBuiltinNetwork);
}

}  // namespace lifted::model
