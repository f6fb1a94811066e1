#include "lifted/viewer/memory_keeper.h"

#include <unistd.h>

#include <fstream>
#include <utility>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace lifted::viewer {
namespace {

void return_free_memory() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace

MemoryKeeper::MemoryKeeper(std::chrono::milliseconds interval, double unnoticed_mebibytes)
    : thread_([this, interval, unnoticed_mebibytes] { watch(interval, unnoticed_mebibytes); }) {}

MemoryKeeper::~MemoryKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

std::shared_ptr<void> MemoryKeeper::busy() {
  const std::lock_guard lock(mutex_);
  ++busy_;
  used_ = true;
  return {nullptr, [this](void*) {
            const std::lock_guard again(mutex_);
            --busy_;
          }};
}

void MemoryKeeper::watch(std::chrono::milliseconds interval, double unnoticed) {
  double least = resident_mebibytes();
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, interval, [this] { return stopping_; })) {
    if (busy_ > 0 || std::exchange(used_, false)) continue;  // An interval without any request must have gone by.
    if (resident_mebibytes() < least + unnoticed) continue;
    lock.unlock();
    return_free_memory();
    least = resident_mebibytes();
    lock.lock();
  }
}

double resident_mebibytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0, resident = 0;
  if (!(file >> pages >> resident)) return 0;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

}  // namespace lifted::viewer
