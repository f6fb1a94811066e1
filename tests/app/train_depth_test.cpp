// train-depth as a user runs it, and what metrics says where shapes cannot be judged.
#include <cstdlib>

#include "tests/app/program.h"
#include "tests/support/golden.h"

namespace lifted::test {
namespace {
namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

class TrainDepth : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::getenv("LIFTED_PROGRAM")) GTEST_SKIP() << "LIFTED_PROGRAM is not set: run through ctest";
  }
  void render(const std::string& name, const Arguments& more) {
    Arguments arguments = {"heads", "render", "--count", "24", "--size", "32", "--out", folder_ / name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    ASSERT_EQ(run_program(arguments).exit_code, 0);
  }
  ProgramResult train(const std::string& data, const Arguments& more = {}) {
    Arguments arguments = {"train-depth", "--data", folder_ / data, "--batch", "8",        "--kimg",        "0.016",
                           "--tick",      "0.008",  "--held-out",   "0.2",     "--outdir", folder_ / "runs"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  TemporaryFolder folder_;
};

TEST_F(TrainDepth, TrainsAndGoesOn) {
  render("heads", {"--ground-truth"});
  const auto trained = train("heads");
  ASSERT_EQ(trained.exit_code, 0) << trained.errors;
  const fs::path run = folder_ / "runs" / "00000-heads-depth-batch8";
  EXPECT_TRUE(fs::exists(run / "network-snapshot-000000.safetensors"));
  EXPECT_TRUE(fs::exists(run / "depth000000.png"));
  EXPECT_NE(trained.errors.find("held-out images: SIDE"), std::string::npos) << trained.errors;
  const auto resumed = run_program({"train-depth", "--resume", run});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.errors;
  EXPECT_EQ(run_program({"train-depth", "--resume", run, "--lr", "0.1"}).exit_code, 2);
  const auto inspected = run_program({"inspect", run / "network-snapshot-000000.safetensors"});
  EXPECT_NE(inspected.output.find("--depth"), std::string::npos) << inspected.output;
}

TEST_F(TrainDepth, BadInputIsOneSentence) {
  render("plain.zip", {});
  const auto blind = train("plain.zip");
  EXPECT_EQ(blind.exit_code, 1);
  EXPECT_NE(blind.errors.find("has no ground truth"), std::string::npos) << blind.errors;
  EXPECT_EQ(train("absent").exit_code, 1);
  render("heads", {"--ground-truth"});
  EXPECT_EQ(train("heads", {"--held-out", "0"}).exit_code, 2);
  EXPECT_EQ(train("heads", {"--batch", "1"}).exit_code, 2);
}

}  // namespace
}  // namespace lifted::test
