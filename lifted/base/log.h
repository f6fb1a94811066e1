// Logging to stderr and progress lines. Results go to files and stdout; everything a person only glances at goes here.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lifted {

/// quiet: warnings only, no progress.
enum class LogLevel { quiet, normal, verbose };
void set_log_level(LogLevel level);

namespace detail {
void log_verbose(std::string_view message);
void log_info(std::string_view message);
void log_warning(std::string_view message);
}  // namespace detail

/// Said with --verbose only.
template <typename... Args>
void log_verbose(fmt::format_string<Args...> format, Args&&... args) {
  detail::log_verbose(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  detail::log_info(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  detail::log_warning(fmt::format(format, std::forward<Args>(args)...));
}

/// One line on stderr with count, rate and time left: redrawn in place on a terminal, printed every few seconds
/// otherwise.
class Progress {
 public:
  /// `unit` names what is counted ("images"); `total` 0 means unknown.
  Progress(std::string what, int64_t total, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(int64_t count = 1);
  /// Prints the closing line (count, seconds, rate). Called by the destructor unless an exception is in flight.
  void finish();

 private:
  void print(bool last);

  std::string what_, unit_;
  int64_t total_, done_ = 0;
  bool terminal_, finished_ = false;
  int exceptions_at_start_;
  std::chrono::steady_clock::time_point start_, last_print_;
};

}  // namespace lifted
