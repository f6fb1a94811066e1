// One random stream per purpose, all derived from one seed. What a training step draws depends on seed, name, step and
// shard alone: there is nothing to save, and who computes a shard does not matter, nor on which kind of device: few
// numbers are drawn on the CPU and moved, many are computed from a counter where they are needed.
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
  /// Standard normal numbers, float32, made on `device`; the next call with this name goes on behind them. Of other
  /// streams than get()'s, and on a GPU the CPU's but for the last bits.
  torch::Tensor normal(const std::string& name, at::IntArrayRef sizes, torch::Device device);
  /// A uniform number in [0, 1).
  double uniform(const std::string& name);

 private:
  uint64_t seed_;
  std::string place_;  // behind every name
  std::map<std::string, at::Generator> streams_;
  std::map<std::string, uint64_t> blocks_;  // how many blocks of four normal() has made
};

/// A seed for `name` under `seed`: their SHA-256's first eight bytes.
uint64_t derived_seed(uint64_t seed, std::string_view name);

}  // namespace lifted::train
