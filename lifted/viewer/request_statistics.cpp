#include "lifted/viewer/request_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lifted::viewer {
namespace {

constexpr size_t kept = 1000;

double percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto index = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size()))) - 1;
  return std::round(sorted[std::min(index, sorted.size() - 1)] * 100) / 100;
}

}  // namespace

void RequestStatistics::add(int status, double milliseconds) {
  const std::lock_guard lock(mutex_);
  ++classes_[static_cast<size_t>(std::clamp(status / 100, 0, 5))];
  if (recent_.size() < kept)
    recent_.push_back(milliseconds);
  else
    recent_[next_] = milliseconds;
  next_ = (next_ + 1) % kept;
}

nlohmann::ordered_json RequestStatistics::describe() const {
  const std::lock_guard lock(mutex_);
  nlohmann::ordered_json requests;
  uint64_t total = 0;
  for (const uint64_t count : classes_) total += count;
  requests["total"] = total;
  for (size_t i = 2; i < classes_.size(); ++i) requests[fmt::format("{}xx", i)] = classes_[i];
  std::vector<double> sorted = recent_;
  std::sort(sorted.begin(), sorted.end());
  return {{"requests", requests},
          {"latency_ms",
           {{"p50", percentile(sorted, 0.5)},
            {"p95", percentile(sorted, 0.95)},
            {"p99", percentile(sorted, 0.99)},
            {"max", sorted.empty() ? 0 : sorted.back()}}}};
}

double RequestStatistics::uptime_seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace lifted::viewer
