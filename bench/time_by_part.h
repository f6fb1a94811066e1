// Where a benchmark's processor time goes: by torch's operators, autograd's nodes and the parts that lifted/ops/ names.
#pragma once

#include <ATen/record_function.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace lifted {

/// Counts from its making on; prints the table when it ends. One thread (OMP_NUM_THREADS=1): what others do is not
/// seen. Does nothing unless the environment has LIFTED_TIME_BY_PART, as measuring costs a few percent.
class TimeByPart {
 public:
  explicit TimeByPart(std::string title) : title_(std::move(title)) {
    if (!std::getenv("LIFTED_TIME_BY_PART")) return;
    parts().clear();
    using at::RecordScope;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(&begin, &end)
            .scopes({RecordScope::FUNCTION, RecordScope::BACKWARD_FUNCTION, RecordScope::USER_SCOPE}));
    start_ = now();
  }
  TimeByPart(const TimeByPart&) = delete;
  TimeByPart& operator=(const TimeByPart&) = delete;
  ~TimeByPart() {
    if (!handle_) return;
    at::removeCallback(handle_);
    print(now() - start_);
  }

 private:
  struct Part {
    double seconds = 0;
    int64_t calls = 0;
  };
  struct Open {
    double start, inside;  // inside: seconds of the parts called from this one
  };

  static double now() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }
  static std::map<std::string, Part>& parts() {
    static std::map<std::string, Part> all;
    return all;
  }
  static std::vector<Open>& open() {
    static std::vector<Open> stack;
    return stack;
  }
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction&) {
    open().push_back({now(), 0});
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext*) {
    const Open mine = open().back();
    open().pop_back();
    const double whole = now() - mine.start;
    Part& part = parts()[function.name()];
    part.seconds += whole - mine.inside;
    ++part.calls;
    if (!open().empty()) open().back().inside += whole;
  }
  void print(double total) const {
    std::vector<std::pair<std::string, Part>> sorted(parts().begin(), parts().end());
    std::ranges::sort(sorted, [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
    double rest = total;
    fmt::print("{}: {:.3f} s of processor time\n", title_, total);
    for (const auto& [name, part] : sorted) {
      rest -= part.seconds;
      if (part.seconds < 0.003 * total) continue;
      fmt::print("{:6.1f} % {:9.3f} s {:7} × {}\n", 100 * part.seconds / total, part.seconds, part.calls, name);
    }
    fmt::print("{:6.1f} % {:9.3f} s outside of operators\n", 100 * rest / total, rest);
  }

  std::string title_;
  at::CallbackHandle handle_ = 0;
  double start_ = 0;
};

}  // namespace lifted
