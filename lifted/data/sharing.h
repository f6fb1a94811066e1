// Ordered parallel work that several processes share.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lifted/data/parallel.h"

namespace lifted::data {

/// Which of several processes this is. `gather` gives everyone's text, by rank, and must be called by all.
struct Sharing {
  int rank = 0, ranks = 1;
  std::function<std::vector<std::string>(const std::string& text)> gather = {};

  bool consumes() const { return rank == 0; }
};

/// How results travel.
template <typename Result>
struct Codec {
  std::function<std::string(const Result&)> encode;
  std::function<Result(std::string_view)> decode;
};

/// How many pieces of work a process does between two meetings.
inline constexpr int64_t kSharedRound = 64;

/// Several texts as one, and back.
std::string joined_parts(const std::vector<std::string>& parts);
std::vector<std::string> split_parts(std::string_view text);

/// ordered_parallel() whose pieces several processes produce; rank 0 consumes them, in the same order as one process
/// would.
template <typename Result>
void shared_parallel(int64_t count, int workers, const std::function<Result(int64_t)>& produce,
                     const std::function<void(int64_t, Result)>& consume, const Sharing& sharing,
                     const Codec<Result>& codec, const MemoryBudget& memory = {}) {
  if (sharing.ranks == 1) return ordered_parallel<Result>(count, workers, produce, consume, 64, memory);
  for (int64_t base = 0; base < count; base += kSharedRound * sharing.ranks) {
    const int64_t first = std::min(count, base + kSharedRound * sharing.rank);
    const int64_t last = std::min(count, first + kSharedRound);
    std::vector<std::string> made;
    const MemoryBudget shifted{memory.total, [&](int64_t i) { return memory.of(first + i); }};
    ordered_parallel<Result>(
        last - first, workers, [&](int64_t i) { return produce(first + i); },
        [&](int64_t, Result result) { made.push_back(codec.encode(result)); }, 64, shifted);
    int64_t index = base;
    for (const std::string& texts : sharing.gather(joined_parts(made))) {
      if (!sharing.consumes()) break;
      for (const std::string& text : split_parts(texts)) consume(index++, codec.decode(text));
    }
  }
}

}  // namespace lifted::data
