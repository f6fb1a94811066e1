// Runs the program, as a user would.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/measured_program.h"

namespace lifted::test {

/// What `liftedgan ARGUMENTS` does, in a process of its own that is forked from one which has loaded libtorch already
/// (most of a second of processor time otherwise). Without the launcher; standard input is closed.
ProgramResult run_program(const std::vector<std::string>& arguments);

/// The same on one thread of computation: the exit code; output and errors go to the file `log`.
int run_program_on_one_thread(const std::vector<std::string>& arguments, const std::filesystem::path& log);

/// What the file itself does, launcher and all.
inline ProgramResult execute_program(const std::vector<std::string>& arguments) {
  return measured_run(arguments);
}

}  // namespace lifted::test
