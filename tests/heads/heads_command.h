// Runs `liftedgan heads` as a user does, environment and all.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "lifted/base/file.h"
#include "tests/support/golden.h"
#include "tests/support/measured_program.h"

namespace lifted::test {

class HeadsCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::getenv("LIFTED_PROGRAM")) GTEST_SKIP() << "LIFTED_PROGRAM is not set: run through ctest";
  }
  /// Exit code of `liftedgan heads ARGUMENTS`; what it says on standard error goes to said().
  int run(const std::string& arguments, const std::string& environment = "") const {
    return run_in_shell(
        fmt::format("{} '{}' heads {} >/dev/null 2>'{}'", environment, program_path(), arguments, file("said")));
  }
  std::string said() const { return read_text_file(file("said")); }
  std::string file(const std::string& name) const { return folder_ / name; }

  TemporaryFolder folder_;
};

}  // namespace lifted::test
