// Internal: what the mesh writers share.
#pragma once

#include <bit>
#include <cstring>

#include "lifted/formats/mesh.h"

namespace lifted::formats::detail {

static_assert(std::endian::native == std::endian::little, "mesh files are little-endian");

/// Appends the bytes of a value, or of all values of a list.
inline void append_bytes(Bytes& bytes, const void* data, size_t size) {
  const size_t at = bytes.size();
  bytes.resize(at + size);
  if (size > 0) std::memcpy(bytes.data() + at, data, size);
}
template <typename T>
void append_value(Bytes& bytes, const T& value) {
  append_bytes(bytes, &value, sizeof(T));
}

/// Files of a Wavefront OBJ, written by write_mesh.
void write_obj(const std::filesystem::path& folder, const std::string& stem, const Mesh& mesh);

}  // namespace lifted::formats::detail
