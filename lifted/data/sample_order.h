// The endless sequence of training samples: which image, mirrored or not, at every position.
#pragma once

#include <cstdint>
#include <vector>

namespace lifted::data {

struct Sample {
  int64_t index = 0;
  bool mirrored = false;
  bool operator==(const Sample&) const = default;
};

/// Position p is image number p mod count of epoch p / count; every epoch is its own permutation. A pure function of
/// seed and position (the same on every machine), so any place can be jumped to.
class SampleOrder {
 public:
  SampleOrder(int64_t count, uint64_t seed, bool shuffle, bool mirror);
  Sample at(uint64_t position);

 private:
  const std::vector<int64_t>& permutation(uint64_t epoch);

  int64_t count_;
  uint64_t seed_;
  bool shuffle_, mirror_;
  /// Two epochs: workers look past the end of one while the other is still being read.
  struct Epoch {
    uint64_t number = UINT64_MAX;
    std::vector<int64_t> order;
  };
  Epoch epochs_[2];
};

}  // namespace lifted::data
