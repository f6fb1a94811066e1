// `liftedgan` as it is typed. libtorch alone takes most of a second to load, so what needs no network (the version,
// help, completion scripts, the manual) is answered here from a table made when the program was built; all else is the
// program's, which takes this process over, in an environment that libraries read once, as they are loaded.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lifted/launcher/environment.h"

namespace {

struct Answer {
  const char *question, *text;
};
constexpr Answer kAnswers[] = {
#include "launcher_answers.inc"
};

/// The arguments in one line, as the table's questions are written.
std::string question_of(int argc, char** argv) {
  std::vector<std::string_view> words(argv + 1, argv + argc);
  if (words.size() > 1 && words[0] == "help") {
    words.erase(words.begin());
    words.push_back("--help");
  }
  std::string question;
  for (const std::string_view word : words) {
    if (!question.empty()) question += ' ';
    question += word == "-h" ? "--help" : word;
  }
  return question;
}

/// Beside this file in a build folder, in libexec where installed.
std::filesystem::path program() {
  const std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const auto installed = folder / LIFTED_PROGRAM_FROM_BIN;
  return std::filesystem::exists(installed) ? installed : folder / "libexec" / "liftedgan" / "liftedgan";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string question = question_of(argc, argv);
  for (const Answer& answer : kAnswers) {
    if (answer.question != question) continue;
    return std::fputs(answer.text, stdout) != EOF && std::fflush(stdout) == 0 ? 0 : 1;
  }
  lifted::prepare_environment();
  const std::string path = program().string();
  execv(path.c_str(), argv);
  std::fprintf(stderr, "error: %s: cannot be started: %s\n", path.c_str(), std::strerror(errno));
  return 1;
}
