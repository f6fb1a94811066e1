#include "lifted/viewer/render_pool.h"

#include <algorithm>

#include "lifted/base/runtime.h"
#include "lifted/base/tensor.h"

namespace lifted::viewer {
namespace {

constexpr std::chrono::milliseconds poll_interval{50};

}  // namespace

RenderPool::RenderPool(size_t capacity, int threads) {
  counts_.capacity = capacity;
  worker_ = std::thread([this, threads] { serve(threads); });
}

RenderPool::~RenderPool() {
  stop();
}

void RenderPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& job : queue_) {
      job->error = std::make_exception_ptr(HttpError(503, "the server is stopping"));
      job->finished = true;
      job->ended.notify_one();
    }
    queue_.clear();
  }
  work_arrived_.notify_all();
  if (worker_.joinable()) worker_.join();
}

PoolStatistics RenderPool::statistics() const {
  const std::lock_guard lock(mutex_);
  PoolStatistics result = counts_;
  result.queued = queue_.size();
  return result;
}

void RenderPool::give_up(const std::shared_ptr<Job>& job) {
  queue_.erase(std::remove(queue_.begin(), queue_.end(), job), queue_.end());
}

void RenderPool::wait(const Waiting& waiting, std::function<void()> work) {
  const auto job = std::make_shared<Job>();
  job->work = std::move(work);
  const auto deadline = std::chrono::steady_clock::now() + waiting.timeout;
  std::unique_lock lock(mutex_);
  if (stopping_) refuse(503, "the server is stopping");
  if (queue_.size() >= counts_.capacity) {
    ++counts_.refused;
    refuse(503, "{} requests are waiting already; try again later", queue_.size());
  }
  queue_.push_back(job);
  work_arrived_.notify_one();
  while (!job->finished) {
    job->ended.wait_until(lock, std::min(deadline, std::chrono::steady_clock::now() + poll_interval));
    if (job->finished) break;
    if (std::chrono::steady_clock::now() >= deadline) {
      ++counts_.timed_out;
      give_up(job);
      refuse(504, "no result within {} s", std::chrono::duration<double>(waiting.timeout).count());
    }
    if (waiting.abandoned()) {
      ++counts_.abandoned;
      give_up(job);
      refuse(499, "the client has gone");
    }
  }
  if (job->error) std::rethrow_exception(job->error);
}

void RenderPool::serve(int threads) {
  set_threads(threads);  // OpenMP keeps the number per thread that starts a parallel region.
  const torch::NoGradGuard no_grad;
  std::unique_lock lock(mutex_);
  while (true) {
    work_arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<Job> job = queue_.front();
    queue_.pop_front();
    lock.unlock();
    std::exception_ptr error;
    try {
      job->work();
    } catch (...) {
      error = std::current_exception();
    }
    job->work = nullptr;  // Frees what the request held, outside the lock.
    lock.lock();
    job->error = error;
    job->finished = true;
    ++counts_.done;
    job->ended.notify_one();
  }
}

}  // namespace lifted::viewer
