#include "lifted/train/loop.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>

#include <c10/util/Exception.h>

#include "lifted/base/json.h"
#include "lifted/base/log.h"
#include "lifted/train/step_guard.h"

namespace lifted::train {
namespace fs = std::filesystem;
namespace {

volatile std::sig_atomic_t stop_signal = 0;

/// While alive, SIGINT and SIGTERM only set a flag; a second one ends the process as usual.
class SignalGuard {
 public:
  SignalGuard() {
    stop_signal = 0;
    struct sigaction action {};
    action.sa_handler = [](int signal) { stop_signal = signal; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, &interrupt_);
    sigaction(SIGTERM, &action, &terminate_);
  }
  ~SignalGuard() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGTERM, &terminate_, nullptr);
  }
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

 private:
  struct sigaction interrupt_ {
  }, terminate_{};
};

double resident_gigabytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0, resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / (1 << 30);
}

double peak_gigabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

/// libtorch's own errors carry a list of frames.
std::string reason_of(const std::exception& error) {
  const auto* of_torch = dynamic_cast<const c10::Error*>(&error);
  return of_torch ? of_torch->what_without_backtrace() : error.what();
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class Loop {
 public:
  Loop(TrainingTask& task, RunDirectory& run, const LoopOptions& options) : task_(task), run_(run), options_(options) {}

  void continue_from(const TrainingState& start) {
    images_ = start.images;
    const auto loop = json_field<nlohmann::json>(start.values, "loop", "training state");
    const auto read = [&](const char* key, auto& value) { read_field(loop, key, "training state", value); };
    read("steps", steps_);
    read("tick", tick_);
    read("tick_images", tick_images_);
    read("seconds", seconds_before_);
    last_state_ = start.images;
    task_.load_state(start.tensors, json_field<nlohmann::json>(start.values, "task", "training state"));
  }

  LoopEnd run() {
    try {
      return train();
    } catch (const std::exception& error) {
      run_.note("error: " + reason_of(error));
      throw;
    }
  }

 private:
  LoopEnd train() {
    const SignalGuard signals;
    start_ = tick_start_ = std::chrono::steady_clock::now();
    const bool fresh = images_ == 0;
    start_images_ = tick_start_images_ = images_;
    if (fresh) task_.write_pictures(run_, 0);
    while (images_ < options_.total_images && !stop_signal) {
      step();
      if (images_ - tick_images_ >= options_.images_per_tick || steps_ == 1) end_tick();
    }
    return finish();
  }

  void step() {
    fetch();
    try {
      task_.step(statistics_);
    } catch (const NonFiniteError& error) {
      throw lost_step(error, steps_ + 1);
    }
    ++steps_;
    images_ += task_.images_per_step();
  }

  /// Before statistics are read or anything is kept.
  void check() {
    try {
      task_.check();
    } catch (const NonFiniteError& error) {
      throw lost_step(error, steps_ - error.steps_before);
    }
  }

  NonFiniteError lost_step(const NonFiniteError& error, int64_t step) const {
    const int64_t images = images_ - (steps_ - step + 1) * task_.images_per_step();
    return NonFiniteError(fmt::format("step {} (kimg {:.3f}): {}; {}; {}", step, static_cast<double>(images) / 1000,
                                      error.what(), step < steps_ ? "it and those since are lost" : "this step is lost",
                                      last_snapshot()));
  }

  /// Nothing was changed yet: what there is can be kept before the run ends.
  void fetch() {
    try {
      task_.fetch();
    } catch (const std::exception& error) {
      const std::string reason = reason_of(error);
      check();
      if (images_ > 0 && last_state_ != images_) attempt([&] { snapshot(); });
      fail("step {} (kimg {:.3f}): {}; {}", steps_ + 1, kimg(), reason, last_snapshot());
    }
  }

  std::string last_snapshot() const {
    if (last_state_ < 0) return "there is no snapshot yet";
    return fmt::format("last good snapshot: {} images; continue with --resume {}", last_state_, run_.path().string());
  }

  void end_tick() {
    check();
    report();
    const bool first = tick_ == 0;
    ++tick_;
    tick_images_ = images_;
    const auto due = [&](int ticks) { return !first && ticks > 0 && tick_ % ticks == 0; };
    if (due(options_.image_ticks)) attempt([&] { task_.write_pictures(run_, images_); });
    if (due(options_.snapshot_ticks) || snapshot_owed_) snapshot_owed_ = !attempt([&] { snapshot(); });
    statistics_.clear();
    tick_start_ = std::chrono::steady_clock::now();
    tick_start_images_ = images_;
  }

  void report() {
    const double tick_seconds = seconds_since(tick_start_);
    const double total = seconds_before_ + seconds_since(start_);
    const double per_kimg = tick_seconds * 1000 / static_cast<double>(images_ - tick_start_images_);
    const double eta = seconds_since(start_) / static_cast<double>(images_ - start_images_) *
                       static_cast<double>(std::max<int64_t>(0, options_.total_images - images_));
    run_.say(fmt::format("tick {:<5d} kimg {:<8.1f} time {:<12s} sec/kimg {:<7.1f} cpumem {:<5.2f} {}  ETA {}", tick_,
                         kimg(), format_duration(total), per_kimg, resident_gigabytes(), task_.status(statistics_),
                         format_duration(eta)));
    statistics_.add("Progress/tick", tick_);
    statistics_.add("Progress/kimg", kimg());
    statistics_.add("Timing/total_sec", total);
    statistics_.add("Timing/sec_per_kimg", per_kimg);
    statistics_.add("Resources/cpu_mem_gb", resident_gigabytes());
    statistics_.add("Resources/peak_cpu_mem_gb", peak_gigabytes());
    attempt([&] { run_.write_statistics(statistics_, images_); });
  }

  void snapshot() {
    task_.write_network(run_.path() / fmt::format("network-snapshot-{:06d}.safetensors", images_ / 1000));
    write_training_state(run_.path(), {images_, task_.state(), state_values()}, options_.keep_states);
    last_state_ = images_;
  }

  nlohmann::json state_values() const {
    return {{"task", task_.values()},
            {"loop",
             {{"steps", steps_},
              {"tick", tick_},
              {"tick_images", tick_images_},
              {"seconds", seconds_before_ + seconds_since(start_)}}}};
  }

  LoopEnd finish() {
    check();
    const bool finished = images_ >= options_.total_images;
    if (images_ > tick_start_images_) report();
    if (!finished)
      run_.say(fmt::format("signal {}: writing a snapshot before stopping", static_cast<int>(stop_signal)));
    if (last_state_ != images_) {
      if (finished) attempt([&] { task_.write_pictures(run_, images_); });
      snapshot();
    }
    run_.say(fmt::format(
        "{} at kimg {:.3f} after {}; {}", finished ? "finished" : "stopped", kimg(),
        format_duration(seconds_before_ + seconds_since(start_)),
        finished ? "results are in " + run_.path().string() : "continue with --resume " + run_.path().string()));
    return finished ? LoopEnd::finished : LoopEnd::interrupted;
  }

  /// What fails here is said and survived: the disk may have room again later.
  template <typename Action>
  bool attempt(const Action& action) {
    try {
      action();
      return true;
    } catch (const NonFiniteError&) {
      throw;
    } catch (const Error& error) {
      log_warning("{}", error.what());
      run_.note(std::string("warning: ") + error.what());
      return false;
    }
  }

  double kimg() const { return static_cast<double>(images_) / 1000; }

  TrainingTask& task_;
  RunDirectory& run_;
  LoopOptions options_;
  Statistics statistics_;
  int64_t images_ = 0, steps_ = 0, tick_ = 0;
  int64_t tick_images_ = 0;        // where the current tick began; saved
  int64_t tick_start_images_ = 0;  // where its measured time began: a resumed tick is measured from the resumption
  int64_t start_images_ = 0, last_state_ = -1;
  bool snapshot_owed_ = false;
  double seconds_before_ = 0;
  std::chrono::steady_clock::time_point start_, tick_start_;
};

}  // namespace

LoopEnd run_training(TrainingTask& task, RunDirectory& run, const LoopOptions& options, const TrainingState* start) {
  Loop loop(task, run, options);
  if (start) loop.continue_from(*start);
  return loop.run();
}

std::string format_duration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 86400) return fmt::format("{}d {:02}h {:02}m", whole / 86400, whole / 3600 % 24, whole / 60 % 60);
  if (whole >= 3600) return fmt::format("{}h {:02}m {:02}s", whole / 3600, whole / 60 % 60, whole % 60);
  if (whole >= 60) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

}  // namespace lifted::train
