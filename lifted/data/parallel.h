// Ordered parallel work: many threads produce, one consumes in order, and only a bounded number of results waits.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace lifted::data {

/// Calls produce(i) for i in [0, count) on `workers` threads and consume(i, result) on this one, in order of i. At most
/// `window` results are in flight. The first exception, in order of i, ends the work and is rethrown here.
template <typename Result>
void ordered_parallel(int64_t count, int workers, const std::function<Result(int64_t)>& produce,
                      const std::function<void(int64_t, Result)>& consume, int64_t window = 64) {
  struct Slot {
    Result result{};
    std::exception_ptr error;
  };
  std::mutex mutex;
  std::condition_variable room, ready;
  std::map<int64_t, Slot> done;
  int64_t next = 0, consumed = 0;
  bool stop = false;

  const auto work = [&] {
    std::unique_lock lock(mutex);
    while (true) {
      room.wait(lock, [&] { return stop || next >= count || next < consumed + window; });
      if (stop || next >= count) return;
      const int64_t index = next++;
      lock.unlock();
      Slot slot;
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
  }
}

/// One worker per core this process may use, at least one.
inline int default_workers() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace lifted::data
