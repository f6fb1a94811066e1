// Gives memory back to the system after large work.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace lifted::viewer {

/// The process keeps what it frees (base/runtime.h), which is right while requests come and wrong for the hours after a
/// large one. So when nothing has been busy for a moment and the process has grown since the last time, what is free
/// goes back.
class MemoryKeeper {
 public:
  /// Looks once in an `interval`; growth below `unnoticed_mebibytes` is left.
  explicit MemoryKeeper(std::chrono::milliseconds interval = std::chrono::seconds(1), double unnoticed_mebibytes = 64);
  ~MemoryKeeper();
  MemoryKeeper(const MemoryKeeper&) = delete;
  MemoryKeeper& operator=(const MemoryKeeper&) = delete;

  /// Nothing is given back while such a thing is held.
  std::shared_ptr<void> busy();

 private:
  void watch(std::chrono::milliseconds interval, double unnoticed);

  std::mutex mutex_;
  std::condition_variable stopped_;
  int busy_ = 0;
  bool used_ = false, stopping_ = false;
  std::thread thread_;
};

/// Memory of this process that is in RAM, in MiB; 0 where the system does not say.
double resident_mebibytes();

}  // namespace lifted::viewer
