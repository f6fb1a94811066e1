// Paths, easing and scale of the sweep commands, and what `view` refuses, on made-up networks of 16 pixels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "lifted/formats/image.h"
#include "lifted/model/network_file.h"
#include "tests/support/golden.h"
#include "tests/support/program.h"
#include "tests/support/tiny_networks.h"

namespace lifted {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SweepCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    model::LoadedNetwork lifted = test::tiny_lifted();
    model::save_network(network, lifted);
  }
  test::ProgramResult run(const std::string& command, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {command, "--network", network.string()};
    if (command != "view") arguments.insert(arguments.end(), {"--outdir", out.string()});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run_program(arguments);
  }
  nlohmann::json record() const { return nlohmann::json::parse(std::ifstream(out / "run.json")); }
  static size_t files_in(const fs::path& path) {
    return static_cast<size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }

  test::TemporaryFolder folder;
  fs::path network = folder / "lifted.safetensors", out = folder / "out";
};

TEST_F(SweepCommands, TurntableGoesRoundOnce) {
  const auto result =
      run("rotate", {"--seeds", "1", "--path", "turntable", "--step", "45", "--format", "frames", "--orbit-yaw", "20"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(files_in(out / "seed0001_turntable"), 8U);
  EXPECT_EQ(record()["angles"].back(), 315);
  EXPECT_NE(formats::read_image(out / "seed0001_turntable" / "frame0002.png"),
            formats::read_image(out / "seed0001_turntable" / "frame0006.png"));
}

TEST_F(SweepCommands, ScaleChangesTheFramesSize) {
  for (const auto& [scale, side] : {std::pair{"0.5", 8}, std::pair{"3", 48}}) {
    const auto result = run("relight", {"--seeds", "1", "--step", "60", "--format", "frames", "--scale", scale});
    ASSERT_EQ(result.exit_code, 0) << result.errors;
    EXPECT_EQ(formats::read_image(out / "seed0001_light" / "frame0000.png").width, side);
  }
}

TEST_F(SweepCommands, EasingKeepsTheEndsAndSlowsTowardsThem) {
  ASSERT_EQ(run("rotate", {"--seeds", "1", "--ease", "smooth", "--format", "webp"}).exit_code, 0);
  const auto angles = record()["angles"].get<std::vector<double>>();
  EXPECT_DOUBLE_EQ(angles.front(), -45);
  EXPECT_DOUBLE_EQ(angles.back(), 45);
  EXPECT_LT(angles[1] - angles[0], angles[16] - angles[15]);
  EXPECT_TRUE(fs::exists(out / "seed0001_yaw.webp"));
}

TEST_F(SweepCommands, InterpolationTurnsOnATurntableToo) {
  const auto result =
      run("interpolate", {"--seeds", "1,2", "--steps", "2", "--path", "turntable", "--format", "frames"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(files_in(out / "seed0001-seed0002"), 60U);
}

TEST_F(SweepCommands, ContradictionsAreUsageErrors) {
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--path", "turntable", "--axis", "yaw"},
                                               {"--path", "turntable", "--from", "-10"},
                                               {"--path", "turntable", "--ease", "smooth"},
                                               {"--path", "turntable", "--step", "0"},
                                               {"--path", "circle"},
                                               {"--scale", "9"},
                                               {"--scale", "nan"},
                                               {"--ease", "bounce"}}) {
    EXPECT_EQ(run("rotate", more).exit_code, 2) << more[0] << " " << more[1];
  }
}

TEST_F(SweepCommands, ViewIsNotOpenedToOthersWithoutAToken) {
  const auto result = run("view", {"--host", "0.0.0.0", "--port", "0"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, HasSubstr("--token"));
  EXPECT_EQ(run("view", {"--host", "nowhere", "--token", "x", "--port", "0"}).exit_code, 2);
}

}  // namespace
}  // namespace lifted
