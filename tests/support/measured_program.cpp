#include "tests/support/measured_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "lifted/base/file.h"
#include "tests/support/golden.h"

namespace lifted::test {
namespace {

/// Starts the file; not by fork(), which copies the page tables of a test program, a tenth of a second under a
/// sanitizer.
pid_t spawned(std::vector<std::string> words, const std::string& output, const std::string& errors) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT, 0600);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t child = -1;
  const int failure = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) throw std::system_error(failure, std::generic_category(), argv[0]);
  return child;
}

}  // namespace

int run_in_shell(const std::string& command) {
  const int status = std::system(command.c_str());
  if (status < 0) throw std::system_error(errno, std::generic_category(), "system");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string program_path() {
  const char* program = std::getenv("LIFTED_PROGRAM");
  return program ? program : "build/release/liftedgan";
}

MeasuredRun measured_run(const std::vector<std::string>& arguments) {
  const TemporaryFolder folder;
  std::vector<std::string> words = {program_path()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const pid_t child = spawned(std::move(words), folder / "out", folder / "err");
  int status = 0;
  rusage used{};
  if (::wait4(child, &status, 0, &used) != child) throw std::system_error(errno, std::generic_category(), "wait4");
  MeasuredRun run;
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  run.output = read_text_file(folder / "out");
  run.errors = read_text_file(folder / "err");
  run.peak_bytes = static_cast<uint64_t>(used.ru_maxrss) * 1024;
  run.user_seconds = static_cast<double>(used.ru_utime.tv_sec) + static_cast<double>(used.ru_utime.tv_usec) * 1e-6;
  return run;
}

uint64_t bytes_beyond_idle(const MeasuredRun& run) {
  static const uint64_t idle = measured_run({"inspect", "/nonexistent"}).peak_bytes;
  return run.peak_bytes > idle ? run.peak_bytes - idle : 0;
}

}  // namespace lifted::test
