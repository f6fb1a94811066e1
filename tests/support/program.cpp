#include "tests/support/program.h"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/golden.h"

namespace lifted::test {
namespace {

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string contents(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& arguments) {
  const TemporaryFolder folder;
  const char* program = std::getenv("LIFTED_PROGRAM");
  std::string command = quoted(program ? program : "build/release/liftedgan");
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  command += " </dev/null >" + quoted((folder / "out").string()) + " 2>" + quoted((folder / "err").string());
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(folder / "out"),
          contents(folder / "err")};
}

}  // namespace lifted::test
