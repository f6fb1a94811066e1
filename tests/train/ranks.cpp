#include "tests/train/ranks.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "lifted/base/file.h"

namespace lifted::test {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::filesystem::path log_of(const std::filesystem::path& folder, const std::string& role, int rank) {
  return folder / fmt::format("{}-{}.log", role, rank);
}

}  // namespace

Ranks::Ranks(const std::string& role, int count, const TemporaryFolder& folder)
    : deadline_(std::chrono::steady_clock::now() + std::chrono::minutes(1)), folder_(folder.path()), role_(role) {
  for (int rank = 0; rank < count; ++rank) {
    const pid_t process = fork();
    if (process != 0) {
      processes_.push_back(process);
      continue;
    }
    const auto set = [](const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); };
    set("RANK", std::to_string(rank));
    set("WORLD_SIZE", std::to_string(count));
    set("LOCAL_RANK", std::to_string(rank));
    set("LOCAL_WORLD_SIZE", std::to_string(count));
    set("LIFTED_INIT_FILE", (folder_ / ("list-" + role)).string());
    set("LIFTED_TEST_ROLE", role);
    set("LIFTED_TEST_FOLDER", folder_.string());
    set("OMP_NUM_THREADS", "1");
    const int log = ::open(log_of(folder_, role, rank).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execl("/proc/self/exe", "ranks", "--gtest_also_run_disabled_tests", "--gtest_filter=WorldRank.*", nullptr);
    ::_exit(127);
  }
}

RankEnding Ranks::wait_for(int rank) {
  int status = 0;
  while (::waitpid(process(rank), &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline_) ::kill(process(rank), SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_text_file(log_of(folder_, role_, rank))};
}

std::vector<RankEnding> Ranks::wait() {
  std::vector<RankEnding> endings;
  for (size_t rank = 0; rank < processes_.size(); ++rank) endings.push_back(wait_for(static_cast<int>(rank)));
  return endings;
}

std::string own_role() {
  return environment("LIFTED_TEST_ROLE");
}

std::filesystem::path role_folder() {
  return environment("LIFTED_TEST_FOLDER");
}

}  // namespace lifted::test
