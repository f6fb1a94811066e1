// One random stream per purpose, all derived from one seed. What a training step draws depends on seed, name, step and
// shard alone: there is nothing to save, and who computes a shard does not matter. Streams live on the CPU and what
// they draw is moved to where it is needed, so that a run may go on on another kind of device.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lifted/base/tensor.h"

namespace lifted::train {

class RandomStreams {
 public:
  /// Streams that belong to no step: for pictures, say.
  explicit RandomStreams(uint64_t seed) : seed_(seed) {}
  /// Those of one shard of one step.
  RandomStreams(uint64_t seed, int64_t step, int64_t shard);

  /// The stream of this name; the first call starts it. Streams of different names are independent.
  at::Generator& get(const std::string& name);
  /// A uniform number in [0, 1).
  double uniform(const std::string& name);

 private:
  uint64_t seed_;
  std::string place_;  // behind every name
  std::map<std::string, at::Generator> streams_;
};

/// A seed for `name` under `seed`: their SHA-256's first eight bytes.
uint64_t derived_seed(uint64_t seed, std::string_view name);

}  // namespace lifted::train
