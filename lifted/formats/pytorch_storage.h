// What PyTorch's pickles say about a storage in its persistent id. Private to the PyTorch readers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lifted/base/tensor.h"
#include "lifted/formats/value.h"

namespace lifted::formats {

struct StorageId {
  std::string key;  // names the storage within the file
  torch::ScalarType dtype = torch::kFloat32;
  int64_t count = 0;  // elements
  Value view = {};    // legacy files: (key, offset, count) of a part of the storage, or none

  uint64_t bytes() const { return static_cast<uint64_t>(count) * c10::elementSize(dtype); }
};

/// The class that old files of whole modules refer to by ("module", class, source file, source); none otherwise.
std::optional<Value> class_of_module(const Value& persistent_id);

/// Reads ("storage", storage class, key, device, count[, view]). The device is ignored. Error if it is anything else.
StorageId parse_storage_id(const Value& persistent_id);

}  // namespace lifted::formats
