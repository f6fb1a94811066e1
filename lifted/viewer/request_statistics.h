// What the server has done since it started.
#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <vector>

namespace lifted::viewer {

/// Counts answers by status and remembers the last durations. Thread-safe.
class RequestStatistics {
 public:
  void add(int status, double milliseconds);
  /// {"requests": {"total", "2xx", …}, "latency_ms": {"p50", "p95", "p99", "max"}} of the last 1000.
  nlohmann::ordered_json describe() const;
  double uptime_seconds() const;

 private:
  mutable std::mutex mutex_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::array<uint64_t, 6> classes_{};
  std::vector<double> recent_;
  size_t next_ = 0;
};

}  // namespace lifted::viewer
