#include "tests/app/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "lifted/app/program.h"
#include "lifted/base/file.h"
#include "lifted/base/runtime.h"
#include "tests/support/golden.h"

namespace lifted::test {
namespace {

using Words = std::vector<std::string>;

void redirect(int descriptor, const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags, 0600);
  if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(127);
  ::close(file);
}

/// In a new process: where it reads and writes. Output and errors may go to the same file.
void redirect_to(const std::string& output, const std::string& errors) {
  redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
  redirect(STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND);
  redirect(STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_APPEND);
}

int waited_for(pid_t child) {
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Forks before this process has threads (what OpenMP's threads of a parent leave behind, a child waits for without
/// end), and forks the process it has then once for every run that is asked for.
class Forked : public ::testing::Environment {
 public:
  void SetUp() override {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
      throw std::system_error(errno, std::generic_category(), "socketpair");
    server_ = ::fork();
    if (server_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (server_ == 0) {
      ::close(ends[0]);
      serve(ends[1]);
    }
    ::close(ends[1]);
    socket_ = ends[0];
  }

  void TearDown() override {
    ::close(socket_);
    waited_for(server_);
  }

  /// The exit code of a run that is asked for in the words of start().
  int run(nlohmann::json request) const {
    // It starts /proc/self/exe: here every test, each of which would start it again.
    if (request["words"].size() > 1 && request["words"][1] == "launch")
      throw std::logic_error("`launch` starts the file itself: expected execute_program()");
    request["at"] = std::filesystem::current_path().string();
    const std::string text = request.dump(-1, ' ', true);
    int code = -1;
    if (::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) < 0 || ::recv(socket_, &code, sizeof code, 0) <= 0)
      throw std::runtime_error("the process that runs the program is gone");
    return code;
  }

 private:
  [[noreturn]] static void serve(int socket) {
    std::string request(1 << 17, '\0');
    for (ssize_t length; (length = ::recv(socket, request.data(), request.size(), 0)) > 0;) {
      const pid_t child = ::fork();
      if (child == 0) {
        ::close(socket);
        start(nlohmann::json::parse(request.substr(0, static_cast<size_t>(length))));
      }
      const int code = waited_for(child);
      ::send(socket, &code, sizeof code, MSG_NOSIGNAL);
    }
    ::_exit(0);
  }

  [[noreturn]] static void start(const nlohmann::json& request) {
    redirect_to(request["output"], request["errors"]);
    std::filesystem::current_path(request["at"].get<std::string>());
    if (request.contains("threads")) ::setenv("OMP_NUM_THREADS", request["threads"].get<std::string>().c_str(), 1);
    set_threads(0);
    const int code = app::program_main(request["words"]);
    std::cout.flush();
    std::fflush(nullptr);
    ::_exit(code);  // what a test program has made is not this run's to destroy, nor a leak of it
  }

  int socket_ = -1;
  pid_t server_ = -1;
};

Forked& forked() {
  static Forked* const environment = new Forked;  // gtest's, which deletes it
  return *environment;
}
const ::testing::Environment* const registered = ::testing::AddGlobalTestEnvironment(&forked());

ProgramResult result_of(int exit_code, const TemporaryFolder& folder) {
  return {exit_code, read_text_file(folder / "out"), read_text_file(folder / "err")};
}

Words with_name(const Words& arguments) {
  Words words = {program_path()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

}  // namespace

ProgramResult run_program(const Words& arguments) {
  const TemporaryFolder folder;
  const int code =
      forked().run({{"words", with_name(arguments)}, {"output", folder / "out"}, {"errors", folder / "err"}});
  return result_of(code, folder);
}

int run_program_on_one_thread(const Words& arguments, const std::filesystem::path& log) {
  std::filesystem::remove(log);
  return forked().run({{"words", with_name(arguments)}, {"output", log}, {"errors", log}, {"threads", "1"}});
}

}  // namespace lifted::test
