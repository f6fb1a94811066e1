#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "lifted/base/numerics.h"
#include "lifted/base/runtime.h"
#include "lifted/base/tensor.h"

namespace {

/// Every test, and what a suite shares, begins with the same state of torch's generator, whichever ran before it; and,
/// where LIFTED_TEST_TALLY names a file, what really ran is counted there: a line each, none for a test that was
/// skipped.
class Listener : public testing::EmptyTestEventListener {
  void OnTestSuiteStart(const testing::TestSuite&) override { torch::manual_seed(0); }
  void OnTestStart(const testing::TestInfo&) override { torch::manual_seed(0); }
  void OnTestEnd(const testing::TestInfo& test) override {
    const char* tally = std::getenv("LIFTED_TEST_TALLY");
    if (!tally || test.result()->Skipped()) return;
    // One write of a whole line: programs that run side by side append to the same file.
    std::ofstream(tally, std::ios::app) << program_ + " " + test.test_suite_name() + "." + test.name() + "\n";
  }
  std::string program_;

 public:
  explicit Listener(const std::filesystem::path& program) : program_(program.filename().string()) {}
};

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  ::testing::UnitTest::GetInstance()->listeners().Append(new Listener(argv[0]));
  lifted::set_threads(0);
  lifted::set_numerics({});  // as the program: libtorch has TF32 on in convolutions
  return RUN_ALL_TESTS();
}
