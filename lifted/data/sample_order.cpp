#include "lifted/data/sample_order.h"

#include <numeric>
#include <utility>

#include "lifted/base/error.h"

namespace lifted::data {
namespace {

/// SplitMix64 (Steele, Lea, Flood 2014): a good 64-bit mix of a counter.
uint64_t mixed(uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

/// Uniform in [0, bound): the high half of a 128-bit product; its bias is below 2⁻³² for any data set.
uint64_t below(uint64_t random, uint64_t bound) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(random) * bound) >> 64);
}

}  // namespace

SampleOrder::SampleOrder(int64_t count, uint64_t seed, bool shuffle, bool mirror)
    : count_(count), seed_(seed), shuffle_(shuffle), mirror_(mirror) {
  require(count > 0, "sample order: no samples");
}

const std::vector<int64_t>& SampleOrder::permutation(uint64_t epoch) {
  Epoch& slot = epochs_[epoch % 2];
  if (slot.number == epoch) return slot.order;
  slot.number = epoch;
  slot.order.resize(static_cast<size_t>(count_));
  std::iota(slot.order.begin(), slot.order.end(), int64_t{0});
  const uint64_t stream = mixed(mixed(seed_) ^ epoch);
  for (auto i = static_cast<uint64_t>(count_) - 1; i > 0; --i) {  // Fisher–Yates
    std::swap(slot.order[i], slot.order[below(mixed(stream + i), i + 1)]);
  }
  return slot.order;
}

Sample SampleOrder::at(uint64_t position) {
  const auto count = static_cast<uint64_t>(count_);
  Sample sample;
  sample.index = shuffle_ ? permutation(position / count)[position % count] : static_cast<int64_t>(position % count);
  sample.mirrored = mirror_ && (mixed(mixed(~seed_) ^ position) & 1) != 0;
  return sample;
}

}  // namespace lifted::data
