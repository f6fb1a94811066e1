// One random stream per purpose, all derived from one seed, all part of the saved state. Streams live on the CPU and
// what they draw is moved to where it is needed, so that a run may go on on another kind of device.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lifted/base/state_dict.h"
#include "lifted/base/tensor.h"

namespace lifted::train {

class RandomStreams {
 public:
  explicit RandomStreams(uint64_t seed) : seed_(seed) {}

  /// The stream of this name; the first call starts it. Streams of different names are independent.
  at::Generator& get(const std::string& name);
  /// A uniform number in [0, 1).
  double uniform(const std::string& name);

  /// The state of every stream started so far, by name (uint8).
  StateDict state() const;
  /// Continues the streams that `state` holds; those it lacks start anew. A state of another device's generator (16
  /// bytes or so; earlier versions drew noise there) cannot be continued here: it seeds a new stream, always the same
  /// one. Error if a state is neither.
  void load_state(const StateDict& state);

 private:
  uint64_t seed_;
  std::map<std::string, at::Generator> streams_;
};

/// A seed for `name` under `seed`: their SHA-256's first eight bytes.
uint64_t derived_seed(uint64_t seed, std::string_view name);

}  // namespace lifted::train
