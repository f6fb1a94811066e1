// Ordered parallel work: many threads produce, one consumes in order, and only a bounded number of results and amount
// of memory is in flight.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "lifted/base/runtime.h"

namespace lifted::data {

/// How much memory all work in flight may take together, and how much a piece of it takes from before produce(i) until
/// its result is consumed. A piece that takes more than `total` is worked on alone. `of` is called on any thread and
/// must not throw.
struct MemoryBudget {
  uint64_t total = UINT64_MAX;
  std::function<uint64_t(int64_t)> of = [](int64_t) { return uint64_t{0}; };
};

/// Calls produce(i) for i in [0, count) on `workers` threads and consume(i, result) on this one, in order of i. At most
/// `window` results are in flight. The first exception, in order of i, ends the work and is rethrown here.
template <typename Result>
void ordered_parallel(int64_t count, int workers, const std::function<Result(int64_t)>& produce,
                      const std::function<void(int64_t, Result)>& consume, int64_t window = 64,
                      const MemoryBudget& memory = {}) {
  struct Slot {
    Result result{};
    std::exception_ptr error;
    uint64_t bytes = 0;
  };
  std::mutex mutex;
  std::condition_variable room, ready;
  std::map<int64_t, Slot> done;
  int64_t next = 0, admitted = 0, consumed = 0;
  uint64_t bytes_in_flight = 0;
  bool stop = false;

  // In order of index: whoever waits does so for results that are consumed before its own.
  const auto admit = [&](std::unique_lock<std::mutex>& lock, int64_t index, uint64_t bytes) {
    room.wait(lock, [&] {
      const bool fits = bytes_in_flight == 0 || bytes <= memory.total - std::min(memory.total, bytes_in_flight);
      return stop || (admitted == index && fits);
    });
    ++admitted;
    bytes_in_flight += bytes;
    room.notify_all();
    return !stop;
  };

  const auto work = [&] {
    std::unique_lock lock(mutex);
    while (true) {
      room.wait(lock, [&] { return stop || next >= count || next < consumed + window; });
      if (stop || next >= count) return;
      const int64_t index = next++;
      lock.unlock();
      Slot slot;
      slot.bytes = memory.of(index);
      lock.lock();
      if (!admit(lock, index, slot.bytes)) return;
      lock.unlock();
      try {
        slot.result = produce(index);
      } catch (...) {
        slot.error = std::current_exception();
      }
      lock.lock();
      done.emplace(index, std::move(slot));
      ready.notify_one();
    }
  };
  struct Threads {
    std::vector<std::thread> threads;
    std::function<void()> end;
    ~Threads() {
      end();
      for (auto& thread : threads) thread.join();
    }
  } threads{{}, [&] {
              const std::lock_guard lock(mutex);
              stop = true;
              room.notify_all();
            }};
  for (int i = 0; i < workers; ++i) threads.threads.emplace_back(work);
  for (int64_t index = 0; index < count; ++index) {
    Slot slot;
    {
      std::unique_lock lock(mutex);
      ready.wait(lock, [&] { return done.count(index) > 0; });
      slot = std::move(done.extract(index).mapped());
      consumed = index + 1;
      room.notify_all();
    }
    if (slot.error) std::rethrow_exception(slot.error);
    consume(index, std::move(slot.result));
    slot.result = {};
    const std::lock_guard lock(mutex);
    bytes_in_flight -= slot.bytes;
    room.notify_all();
  }
}

/// One worker per core this process may use.
inline int default_workers() {
  return available_cores();
}

}  // namespace lifted::data
