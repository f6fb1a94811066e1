// The sampling commands on a made-up network of 16 pixels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lifted/base/file.h"
#include "lifted/formats/image.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/network_file.h"
#include "tests/app/program.h"
#include "tests/support/golden.h"
#include "tests/support/tiny_networks.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;

class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    model::LoadedNetwork lifted = test::tiny_lifted();
    model::save_network(network, lifted);
  }
  /// Leaves what the command makes in the folder `name`.
  void run(const std::string& command, const std::string& name, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {command, "--network", network, "--outdir", folder / name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = test::run_program(arguments);
    ASSERT_EQ(result.exit_code, 0) << command << ": " << result.errors;
  }
  formats::Image image(const std::string& name) const { return formats::read_image(folder / name); }

  test::TemporaryFolder folder;
  std::string network = folder / "lifted.safetensors";
};

TEST_F(Commands, RotateWritesFramesAnimationAndSheet) {
  run("rotate", "out", {"--seeds", "0", "--from", "-30", "--to", "30", "--step", "15", "--format", "gif,frames"});
  EXPECT_TRUE(fs::exists(folder / "out/seed0000_yaw.gif"));
  const auto left = image("out/seed0000_yaw/frame0000.png"), right = image("out/seed0000_yaw/frame0004.png");
  EXPECT_EQ(left.width, 16);
  EXPECT_NE(left, right);
  EXPECT_EQ(nlohmann::json::parse(read_text_file(folder / "out/run.json"))["angles"].size(), 5U);
}

TEST_F(Commands, RelightChangesThePicture) {
  run("relight", "out", {"--seeds", "0", "--from", "-60", "--to", "60", "--step", "60", "--format", "frames"});
  EXPECT_NE(image("out/seed0000_light/frame0000.png"), image("out/seed0000_light/frame0002.png"));
}

TEST_F(Commands, EndsOfAnInterpolationAreTheSeedsThemselves) {
  const std::string between = folder / "between.safetensors", turned = folder / "turned.safetensors";
  run("interpolate", "out", {"--seeds", "0,1", "--steps", "2", "--format", "gif", "--tensors", between});
  run("rotate", "yaw", {"--seeds", "1", "--format", "frames", "--tensors", turned});
  const torch::Tensor ends = formats::read_safetensors(between).at("seed0000-seed0001_recon_im");
  EXPECT_TRUE(torch::equal(ends[1], formats::read_safetensors(turned).at("yaw_recon_im")[0]));
}

TEST_F(Commands, TheDiagonalOfAMixedGridIsTheFaceItself) {
  run("mix", "out", {"--rows", "0,1", "--cols", "0"});
  run("generate", "faces", {"--seeds", "0"});
  const auto face = image("faces/seed0000.png");
  EXPECT_EQ(image("out/seed0000-seed0000.png"), face);
  EXPECT_NE(image("out/seed0001-seed0000.png"), face);
}

TEST_F(Commands, MixTransfersStyleAsTheReproductionDid) {
  for (const std::string method : {"looks", "depth-style", "depth-style-neutral"})
    run("mix", method, {"--rows", "0", "--cols", "0,1", "--method", method});
  const auto face = image("looks/seed0000-seed0000.png");
  EXPECT_EQ(image("depth-style-neutral/seed0000-seed0000.png"), face) << "its own neutral code changes nothing";
  const auto transferred = image("depth-style/seed0000-seed0001.png");
  EXPECT_NE(transferred, face);
  EXPECT_NE(transferred, image("depth-style-neutral/seed0000-seed0001.png"));
}

TEST_F(Commands, CompareTurnsNetworksTogether) {
  run("compare", "out", {"--network", network, "--seeds", "0", "--format", "gif,frames"});
  EXPECT_TRUE(fs::exists(folder / "out/seed0000_yaw.gif"));
  const auto first = image("out/seed0000_yaw/frame0000.png"), later = image("out/seed0000_yaw/frame0010.png");
  EXPECT_GE(first.height, 2 * 16) << "a row for each network";
  EXPECT_NE(first, later);
  EXPECT_GE(image("out/compare.png").height, 2 * 16);
}

TEST_F(Commands, MixOfDepthStylesNeedsALiftedNetwork) {
  model::LoadedNetwork plain = test::tiny_generator();
  model::save_network(folder / "plain.safetensors", plain);
  const auto result = test::run_program(
      {"mix", "--network", folder / "plain.safetensors", "--outdir", folder / "p", "--method", "depth-style"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, testing::HasSubstr("--method depth-style"));
}

}  // namespace
}  // namespace lifted
