// Runs the program, as a user would.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lifted::test {

struct ProgramResult {
  int exit_code = -1;  // 128 + the signal's number if one ended it
  std::string output, errors;
};

/// What `liftedgan ARGUMENTS` does, in a process of its own that is forked from one which has loaded libtorch already
/// (most of a second of processor time otherwise). Without the launcher; standard input is closed.
ProgramResult run_program(const std::vector<std::string>& arguments);

/// So do this one's exit code and `log`, which takes output and errors; on one thread of computation.
int run_program_on_one_thread(const std::vector<std::string>& arguments, const std::filesystem::path& log);

/// The file named by LIFTED_PROGRAM with these arguments; standard input is closed.
ProgramResult execute_program(const std::vector<std::string>& arguments);

}  // namespace lifted::test
