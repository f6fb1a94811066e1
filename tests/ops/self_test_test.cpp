#include "lifted/ops/self_test.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <fstream>

#include "tests/support/golden.h"

namespace lifted::ops {
namespace {

TEST(SelfTest, PassesOnTheCpuAndPrintsTheWorstErrors) {
  for (const auto& result : self_test(at::kCPU)) {
    fmt::print("op {:<34} worst {:.1e} of {:.0e}\n", result.op, result.worst, result.bound);
    EXPECT_TRUE(result.passed()) << result.op << ": " << result.worst << " " << result.reason;
  }
}

TEST(SelfTest, IsRememberedWhereItPassed) {
  const test::TemporaryFolder folder;
  EXPECT_FALSE(self_test_once(at::kCPU, folder / "cache").remembered);
  const auto again = self_test_once(at::kCPU, folder / "cache");
  EXPECT_TRUE(again.passed && again.remembered);
  std::ofstream(folder / "cache" / "self-test.txt") << "liftedgan 0.0.0 (another compiler) | another libtorch | cpu\n";
  EXPECT_FALSE(self_test_once(at::kCPU, folder / "cache").remembered);
  EXPECT_TRUE(self_test_once(at::kCPU, "/proc/nowhere").passed);
}

TEST(SelfTest, ADeviceThatIsNotThereFailsInWords) {
  if (torch::cuda::is_available()) GTEST_SKIP() << "there is one";
  const auto summary = self_test_once(torch::Device(at::kCUDA, 0), {});
  EXPECT_FALSE(summary.passed);
  EXPECT_NE(summary.failed.find("bias_act: "), std::string::npos) << summary.failed;
}

}  // namespace
}  // namespace lifted::ops
