// Python pickles (protocols 0 to 5), restricted: tensors and plain containers are built, nothing is looked up, imported
// or run.
//
// A pickle is a program for a small stack machine (table of opcodes: pickle_opcodes.cpp). What it may call or construct
// is a fixed list of names with a known meaning (python_calls.h); everything else is refused by name.
#pragma once

#include <functional>
#include <memory>

#include "lifted/formats/byte_source.h"
#include "lifted/formats/value.h"

namespace lifted::formats {

/// Bounds what a file may make the reader do, however cleverly its parts refer to each other. Shared with pickles
/// inside the pickle.
class PickleBudget {
 public:
  /// For a file of this many bytes.
  explicit PickleBudget(uint64_t file_bytes) : bytes_left_(kFreeBytes + kBytesPerByte * file_bytes) {}

  /// Bytes about to be copied or compared. Error when a file asks for far more than it holds.
  void spend_bytes(uint64_t bytes);
  /// One more value or memo entry. Error beyond ten million.
  void spend_object();

 private:
  static constexpr uint64_t kFreeBytes = 16 << 20, kBytesPerByte = 4;
  uint64_t bytes_left_;
  uint64_t objects_left_ = 10'000'000;
};

/// What a pickle's surroundings provide.
struct PickleEnvironment {
  /// Resolves a persistent id (in PyTorch files: a storage, as a flat tensor). Pickles that use one are refused without
  /// it.
  std::function<Value(const Value& id)> persistent_load = {};
  std::shared_ptr<PickleBudget> budget = {};
  int nesting = 0;  // how many pickles enclose this one
};

/// How deep containers may nest.
inline constexpr int kMaxPickleDepth = 400;

/// Runs one pickle from the reader's position up to and including its STOP. The result has no cycles and nests at most
/// kMaxPickleDepth containers. Throws LocatedError for anything malformed, cyclic, too deep, too large or not allowed.
Value read_one_pickle(ByteReader& reader, const PickleEnvironment& environment);

/// A whole file that is one pickle, as NVIDIA's StyleGAN2-ADA and StyleGAN3 networks are (see nvidia_pickle.h).
Value read_pickle(const ByteSource& source);

}  // namespace lifted::formats
