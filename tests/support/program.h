// Runs the real program, as a user would.
#pragma once

#include <string>
#include <vector>

namespace lifted::test {

struct ProgramResult {
  int exit_code = -1;
  std::string output, errors;
};

/// The program named by LIFTED_PROGRAM with these arguments; standard input is closed.
ProgramResult run_program(const std::vector<std::string>& arguments);

}  // namespace lifted::test
