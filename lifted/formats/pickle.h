// Python pickles (protocols 0 to 5), restricted: tensors and plain containers are built, nothing is looked up, imported
// or run.
//
// A pickle is a program for a small stack machine (table of opcodes: pickle_opcodes.cpp). What it calls or constructs
// has a meaning here if it is on a fixed list of names (python_calls.h); anything else becomes an object of which only
// the class is known.
#pragma once

#include <functional>
#include <memory>

#include "lifted/formats/byte_source.h"
#include "lifted/formats/read_budget.h"
#include "lifted/formats/value.h"

namespace lifted::formats {

/// What a pickle's surroundings provide.
struct PickleEnvironment {
  /// Resolves a persistent id (in PyTorch files: a storage, as a flat tensor). Pickles that use one are refused without
  /// it.
  std::function<Value(const Value& id)> persistent_load = {};
  std::shared_ptr<ReadBudget> budget = {};  // of the file, shared with pickles inside the pickle
  int nesting = 0;                          // how many pickles enclose this one
};

/// How deep containers may nest.
inline constexpr int kMaxPickleDepth = 400;

/// Runs one pickle from the reader's position up to and including its STOP. The result has no cycles and nests at most
/// kMaxPickleDepth containers. Throws LocatedError for anything malformed, cyclic, too deep, too large or not allowed.
Value read_one_pickle(ByteReader& reader, const PickleEnvironment& environment);

/// A whole file that is one pickle, as NVIDIA's StyleGAN2-ADA and StyleGAN3 networks are (see nvidia_pickle.h).
Value read_pickle(const ByteSource& source);

}  // namespace lifted::formats
