#include "lifted/app/launch_ranks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "lifted/base/error.h"
#include "lifted/base/runtime.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr auto kLook = std::chrono::milliseconds(100);
constexpr Seconds kLastWords{10}, kToEnd{3};

volatile std::sig_atomic_t asked_to_stop = 0;

/// While alive, SIGINT and SIGTERM are noted instead of ending this program.
class StopSignals {
 public:
  StopSignals() {
    asked_to_stop = 0;
    struct sigaction action {};
    action.sa_handler = [](int signal) { asked_to_stop = signal; };
    sigaction(SIGINT, &action, &interrupt_);
    sigaction(SIGTERM, &action, &terminate_);
  }
  ~StopSignals() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGTERM, &terminate_, nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  struct sigaction interrupt_ {
  }, terminate_{};
};

/// A process as the system shows it.
struct Glance {
  char state = '?';
  long ticks = 0;  // of processor time
  bool waits = false;
};

Glance look_at(pid_t process) {
  Glance glance;
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  const size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return glance;
  glance.waits = text.substr(open + 1, close - open - 1) == "lifted:waiting";  // train/world says so
  std::istringstream fields(text.substr(close + 2));
  std::string skipped;
  fields >> glance.state;
  for (int i = 0; i < 10; ++i) fields >> skipped;
  long user = 0, system = 0;
  fields >> user >> system;
  glance.ticks = user + system;
  return glance;
}

class Ranks {
 public:
  explicit Ranks(const RankSettings& settings) : settings_(settings) {
    for (int rank = 0; rank < settings.count; ++rank) start(rank);
  }
  ~Ranks() {
    for (const auto& [rank, child] : alive_) ::kill(child.process, SIGKILL);
    for (const auto& [rank, child] : alive_) ::waitpid(child.process, nullptr, 0);
  }
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  Ending watch() {
    const StopSignals signals;
    while (!alive_.empty()) {
      collect();
      if (asked_to_stop && !ending_.stopped) stop();
      if (ending_.sentence.empty()) find_hung();
      if (!ending_.sentence.empty()) end_the_rest();
      std::this_thread::sleep_for(kLook);
    }
    return ending_;
  }

 private:
  struct Child {
    pid_t process = 0;
    long ticks = -1;
    Clock::time_point moved = Clock::now();  // when it last computed
  };

  void start(int rank) {
    const pid_t process = ::fork();
    require(process >= 0, "cannot start process {} of {}", rank, settings_.count);
    if (process == 0) become(rank);
    alive_[rank].process = process;
  }

  [[noreturn]] void become(int rank) const {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    const auto set = [](const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); };
    set("RANK", std::to_string(rank));
    set("WORLD_SIZE", std::to_string(settings_.count));
    set("LOCAL_RANK", std::to_string(rank));
    set("LOCAL_WORLD_SIZE", std::to_string(settings_.count));
    set("LIFTED_ATTEMPT", settings_.attempt);
    set("LIFTED_INIT_FILE", (settings_.folder / ("list-" + settings_.attempt)).string());
    set("LIFTED_RUN_FILE", (settings_.folder / "run").string());
    std::vector<std::string> words = settings_.words;
    words.insert(words.begin(), "liftedgan");
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv("/proc/self/exe", arguments.data());
    ::_exit(127);
  }

  std::string name_of(int rank, pid_t process) const {
    return fmt::format("rank {} of {} (process {})", rank, settings_.count, process);
  }

  /// Those that have ended.
  void collect() {
    for (auto at = alive_.begin(); at != alive_.end();) {
      int status = 0;
      const auto [rank, child] = *at;
      if (::waitpid(child.process, &status, WNOHANG) != child.process) {
        ++at;
        continue;
      }
      at = alive_.erase(at);
      const bool killed = WIFSIGNALED(status);
      const int code = killed ? 1 : WEXITSTATUS(status);
      if (code == 0 || !ending_.sentence.empty()) continue;
      conclude(killed ? fmt::format("{} was killed by signal {}", name_of(rank, child.process), WTERMSIG(status))
                      : fmt::format("{} ended with an error", name_of(rank, child.process)),
               code, killed);
    }
  }

  void conclude(std::string sentence, int code, bool lost) {
    ending_.sentence = std::move(sentence);
    ending_.exit_code = code;
    ending_.lost = lost && !ending_.stopped;
    concluded_ = Clock::now();
  }

  void stop() {
    ending_.stopped = true;
    for (const auto& [rank, child] : alive_) ::kill(child.process, SIGTERM);
  }

  /// One that neither computes nor waits in train/world while another waits for it.
  void find_hung() {
    bool somebody_waits = false;
    int hung = -1;
    for (auto& [rank, child] : alive_) {
      const Glance glance = look_at(child.process);
      const bool moves = glance.state != 'T' && (glance.waits || glance.ticks != child.ticks);
      somebody_waits |= glance.waits && glance.state != 'T';
      child.ticks = glance.ticks;
      if (moves) child.moved = Clock::now();
      if (Seconds(Clock::now() - child.moved).count() > settings_.hang_seconds) hung = rank;
    }
    if (hung < 0 || !somebody_waits) return;
    const pid_t process = alive_[hung].process;
    conclude(fmt::format("{} hangs: it has done nothing for {:g} s while others wait", name_of(hung, process),
                         settings_.hang_seconds),
             1, true);
    ::kill(process, SIGKILL);
  }

  void end_the_rest() {
    const Seconds since = Clock::now() - concluded_;
    const int signal = since > kLastWords + kToEnd ? SIGKILL : since > kLastWords ? SIGTERM : 0;
    if (signal == 0) return;
    for (const auto& [rank, child] : alive_) ::kill(child.process, signal);
  }

  const RankSettings& settings_;
  std::map<int, Child> alive_;
  Ending ending_;
  Clock::time_point concluded_;
};

}  // namespace

Ending run_ranks(const RankSettings& settings) {
  return Ranks(settings).watch();
}

fs::path run_folder_of(const RankSettings& settings) {
  std::ifstream file(settings.folder / "run");
  std::string path;
  std::getline(file, path, '\0');
  return path;
}

}  // namespace lifted::app
