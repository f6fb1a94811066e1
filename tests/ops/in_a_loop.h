// Runs the threads of a card's kernel one after the other: what ops/cuda/*_threads.h launches.
#pragma once

#include <cstdint>

namespace lifted::test {

struct InALoop {
  template <typename Body>
  void operator()(const Body& body, int64_t count) const {
    for (int64_t i = 0; i < count; ++i) body(i);
  }
};

/// Backwards: what threads compute must not depend on their order.
struct InALoopBackwards {
  template <typename Body>
  void operator()(const Body& body, int64_t count) const {
    for (int64_t i = count - 1; i >= 0; --i) body(i);
  }
};

}  // namespace lifted::test
