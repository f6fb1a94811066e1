// train-embedding as a user runs it.
#include <cstdlib>

#include "tests/app/program.h"
#include "tests/support/golden.h"

namespace lifted::test {
namespace {
namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

class TrainEmbedding : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::getenv("LIFTED_PROGRAM")) GTEST_SKIP() << "LIFTED_PROGRAM is not set: run through ctest";
    // Runs one after another reach further into the same folder.
    render("heads.zip", {"--images-per-identity", "4"});
  }
  void render(const std::string& name, const Arguments& more) {
    Arguments arguments = {"heads", "render", "--count", "32", "--size", "64", "--out", folder_ / name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    ASSERT_EQ(run_program(arguments).exit_code, 0);
  }
  ProgramResult train(const std::string& data, const Arguments& more = {}) {
    Arguments arguments = {"train-embedding", "--data", folder_ / data, "--arch", "small",    "--batch",       "8",
                           "--kimg",          "0.032",  "--tick",       "0.008",  "--outdir", folder_ / "runs"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  TemporaryFolder folder_;
};

TEST_F(TrainEmbedding, TrainsAndGoesOn) {
  const auto trained = train("heads.zip");
  ASSERT_EQ(trained.exit_code, 0) << trained.errors;
  const fs::path run = folder_ / "runs" / "00000-heads-embedding-small-batch8";
  EXPECT_TRUE(fs::exists(run / "network-snapshot-000000.safetensors"));
  EXPECT_NE(trained.errors.find("verification of 2 held-out people"), std::string::npos) << trained.errors;
  const auto resumed = run_program({"train-embedding", "--resume", run});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.errors;
  EXPECT_NE(resumed.errors.find("resuming"), std::string::npos) << resumed.errors;
  EXPECT_EQ(run_program({"train-embedding", "--resume", run, "--margin", "0.1"}).exit_code, 2);
  EXPECT_NE(run_program({"inspect", run / "network-snapshot-000000.safetensors"}).output.find("--embedding"),
            std::string::npos);
}

TEST_F(TrainEmbedding, BadInputIsOneSentence) {
  render("strangers.zip", {});
  const auto unlabelled = train("strangers.zip");
  EXPECT_EQ(unlabelled.exit_code, 1);
  EXPECT_NE(unlabelled.errors.find("--images-per-identity"), std::string::npos) << unlabelled.errors;
  EXPECT_EQ(train("strangers.zip", {"--images-per-identity", "4", "--dry-run"}).exit_code, 0);
  EXPECT_EQ(train("strangers.zip", {"--images-per-identity", "32"}).exit_code, 1);  // one identity only
  EXPECT_EQ(train("heads.zip", {"--arch", "large"}).exit_code, 2);
  EXPECT_EQ(train("heads.zip", {"--arch", "lresnet18"}).exit_code, 2);  // sees 128×128
  EXPECT_EQ(train("heads.zip", {"--held-out", "1"}).exit_code, 2);
  EXPECT_EQ(train("heads.zip", {"--kimg", "0"}).exit_code, 2);
  EXPECT_EQ(train("absent.zip").exit_code, 1);
}

}  // namespace
}  // namespace lifted::test
