#include "tests/support/measured_program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/golden.h"

namespace lifted::test {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void redirect(int descriptor, const std::filesystem::path& path, int flags) {
  const int file = ::open(path.c_str(), flags, 0600);
  if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(127);
}

}  // namespace

MeasuredRun measured_run(const std::vector<std::string>& arguments) {
  const TemporaryFolder folder;
  const char* named = std::getenv("LIFTED_PROGRAM");
  std::string program = named ? named : "build/release/liftedgan";
  std::vector<char*> words = {program.data()};
  std::vector<std::string> copies = arguments;
  for (std::string& word : copies) words.push_back(word.data());
  words.push_back(nullptr);

  const pid_t child = ::fork();
  if (child == 0) {
    redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
    redirect(STDOUT_FILENO, folder / "out", O_WRONLY | O_CREAT);
    redirect(STDERR_FILENO, folder / "err", O_WRONLY | O_CREAT);
    ::execv(program.c_str(), words.data());
    ::_exit(127);
  }
  int status = 0;
  rusage used{};
  if (child < 0 || ::wait4(child, &status, 0, &used) != child) return {};
  MeasuredRun run;
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  run.output = text_of(folder / "out");
  run.errors = text_of(folder / "err");
  run.peak_bytes = static_cast<uint64_t>(used.ru_maxrss) * 1024;
  run.user_seconds = static_cast<double>(used.ru_utime.tv_sec) + static_cast<double>(used.ru_utime.tv_usec) * 1e-6;
  return run;
}

uint64_t bytes_beyond_idle(const MeasuredRun& run) {
  static const uint64_t idle = measured_run({"inspect", "/nonexistent"}).peak_bytes;
  return run.peak_bytes > idle ? run.peak_bytes - idle : 0;
}

}  // namespace lifted::test
