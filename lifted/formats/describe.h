// What a checkpoint holds as flat lists, for people: the `inspect` command prints them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lifted/formats/value.h"

namespace lifted::formats {

struct TensorEntry {
  std::string path;   // "g_ema.convs.0.conv.weight"
  std::string dtype;  // "float32"
  std::vector<int64_t> shape;
  uint64_t bytes = 0;  // elements × element size
  int64_t nan = 0, infinite = 0;
};

/// Anything that is not a tensor: a number, a text, a list of them, an object's class.
struct ScalarEntry {
  std::string path, text;
};

struct Description {
  std::vector<TensorEntry> tensors;
  std::vector<ScalarEntry> scalars;
  bool complete = true;  // false if the file describes more than is listed

  uint64_t elements() const;
  uint64_t bytes() const;
  /// Tensors with a NaN or an infinity.
  int64_t broken_tensors() const;
};

enum class TensorCheck { none, count_non_finite };

/// Lists everything under `root` in the file's order. Networks of NVIDIA's pickles appear with the names of their
/// state_dict() and one line for class and arguments. Counting NaN and infinities reads every tensor.
Description describe(const Value& root, TensorCheck check = TensorCheck::count_non_finite);

}  // namespace lifted::formats
