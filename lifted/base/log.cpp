#include "lifted/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <memory>

#include "lifted/base/log_prefix.h"
#include "lifted/base/printable.h"

namespace lifted {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto created = std::make_shared<spdlog::logger>("lifted", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    created->set_pattern("%^%v%$");
    return created;
  }();
  return *instance;
}

bool progress_wanted = true;
std::string warning_prefix;

std::string duration_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  return fmt::format("{:.1f}s", seconds);
}

}  // namespace

void set_log_level(LogLevel level) {
  progress_wanted = level != LogLevel::quiet;
  logger().set_level(level == LogLevel::quiet    ? spdlog::level::warn
                     : level == LogLevel::normal ? spdlog::level::info
                                                 : spdlog::level::debug);
}

void set_log_prefix(std::string prefix) {
  warning_prefix = std::move(prefix);
}

namespace detail {
void log_verbose(std::string_view message) {
  logger().debug("{}", message);
}
void log_info(std::string_view message) {
  logger().info("{}", printable_lines(message));
}
void log_warning(std::string_view message) {
  logger().warn("warning: {}{}", warning_prefix, printable_lines(message));
}
}  // namespace detail

Progress::Progress(std::string what, int64_t total, std::string unit)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(total),
      terminal_(isatty(STDERR_FILENO) != 0),
      exceptions_at_start_(std::uncaught_exceptions()),
      start_(std::chrono::steady_clock::now()),
      last_print_(start_) {}

Progress::~Progress() {
  if (std::uncaught_exceptions() == exceptions_at_start_) finish();
}

void Progress::advance(int64_t count) {
  done_ += count;
  const auto interval = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
  if (done_ == total_ || std::chrono::steady_clock::now() - last_print_ < interval) return;
  print(false);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  print(true);
}

void Progress::print(bool last) {
  if (!progress_wanted) return;
  const auto now = std::chrono::steady_clock::now();
  last_print_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  std::string line = fmt::format("{}  {}", what_, done_);
  if (total_ > 0) line += fmt::format("/{}", total_);
  line += fmt::format(" {}  {:.1f} {}/s  {}", unit_, rate, unit_, duration_text(seconds));
  if (!last && total_ > done_ && rate > 0) {
    line += fmt::format("  ETA {}", duration_text(static_cast<double>(total_ - done_) / rate));
  }
  fmt::print(stderr, "{}{}{}", terminal_ ? "\r\033[K" : "", line, terminal_ && !last ? "" : "\n");
  std::fflush(stderr);
}

}  // namespace lifted
