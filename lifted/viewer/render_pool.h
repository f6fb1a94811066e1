// One worker that does all of the viewer's libtorch work, behind a bounded queue.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "lifted/viewer/http_error.h"

namespace lifted::viewer {

/// How long the one who asked wants to wait.
struct Waiting {
  std::chrono::milliseconds timeout{30000};
  std::function<bool()> abandoned = [] { return false; };  ///< polled: nobody wants the result any more
};

struct PoolStatistics {
  size_t queued = 0, capacity = 0;
  uint64_t done = 0, refused = 0, abandoned = 0, timed_out = 0;
};

class RenderPool {
 public:
  /// `threads` computing threads for the worker's libtorch calls (0: see set_threads in base/runtime.h).
  RenderPool(size_t capacity, int threads);
  ~RenderPool();
  RenderPool(const RenderPool&) = delete;
  RenderPool& operator=(const RenderPool&) = delete;

  /// Runs `work` on the worker, without gradients, and returns its result or rethrows its error. HttpError 503 when the
  /// queue is full or the pool has stopped, 504 when the time is over, 499 when abandoned. A job given up while queued
  /// is removed at once; one that runs already ends by itself, so `work` must own everything it touches.
  template <typename Work>
  auto run(const Waiting& waiting, Work work) -> decltype(work()) {
    const auto result = std::make_shared<std::optional<decltype(work())>>();
    wait(waiting, [result, work = std::move(work)] { result->emplace(work()); });
    return std::move(**result);
  }

  /// Refuses new work and gives up what is queued. Returns when the worker has ended.
  void stop();
  PoolStatistics statistics() const;

 private:
  struct Job {
    std::function<void()> work;
    std::exception_ptr error;
    bool finished = false;
    std::condition_variable ended;  // of its own, so that one result wakes one waiter
  };
  void wait(const Waiting& waiting, std::function<void()> work);
  void give_up(const std::shared_ptr<Job>& job);
  void serve(int threads);

  mutable std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::deque<std::shared_ptr<Job>> queue_;
  PoolStatistics counts_;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace lifted::viewer
