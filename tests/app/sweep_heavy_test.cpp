// Paths, easing and scale of the sweep commands, and what `view` refuses, on made-up networks of 16 pixels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "lifted/app/figures.h"
#include "lifted/base/error.h"
#include "lifted/formats/image.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/network_file.h"
#include "tests/app/program.h"
#include "tests/support/golden.h"
#include "tests/support/tiny_networks.h"
#include "tests/support/video.h"

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
  std::string tensor_file(const std::string& command) const { return folder / (command + ".safetensors"); }
  /// The raw tensors that a command leaves.
  StateDict tensors(const std::string& command, std::vector<std::string> more,
                    const std::vector<std::string>& last = {}) const {
    more.insert(more.end(), last.begin(), last.end());
    // Kept apart from what the command may read itself.
    const std::string file = folder / "tensors.safetensors";
    more.insert(more.end(), {"--tensors", file});
    const auto result = run(command, more);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    fs::copy_file(file, tensor_file(command), fs::copy_options::overwrite_existing);
    return formats::read_safetensors(file);
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

TEST(CodesAround, IsAClosedSmoothWayThroughEveryKeyframe) {
  // Four moments of a swing: the slopes are 1.5 where it crosses the middle and 0 where it turns.
  const auto swing = torch::tensor({0.0, 1.0, 0.0, -1.0}, torch::kFloat64).unsqueeze(1);
  const auto way = app::codes_around(swing, 2).squeeze(1);
  EXPECT_TRUE(
      torch::allclose(way, torch::tensor({0.0, 0.6875, 1.0, 0.6875, 0.0, -0.6875, -1.0, -0.6875}, torch::kFloat64)))
      << way;
  // Code per layer, float32; seen from any keyframe it is the same way.
  torch::manual_seed(3);
  const auto keyframes = torch::randn({5, 3, 4});
  const auto codes = app::codes_around(keyframes, 7);
  EXPECT_EQ(codes.sizes(), (std::vector<int64_t>{35, 3, 4}));
  EXPECT_TRUE(torch::allclose(codes.slice(0, 0, 35, 7), keyframes, 0, 1e-6));
  EXPECT_TRUE(torch::allclose(app::codes_around(keyframes.roll(-2, 0), 7), codes.roll(-14, 0), 0, 1e-5));
  // Neither speed nor its change jumps at a keyframe, nor where the end meets the beginning.
  const auto fine = app::codes_around(keyframes.to(torch::kFloat64), 200);
  const auto bend = fine.roll(-1, 0) - 2 * fine + fine.roll(1, 0);
  EXPECT_LT((bend.roll(-1, 0) - bend).abs().max().item<double>(), 0.02 * bend.abs().max().item<double>());
  // Two keyframes: there and back, at rest at both.
  const auto pair = app::codes_around(torch::tensor({0.0, 1.0}).unsqueeze(1), 4).squeeze(1);
  EXPECT_TRUE(torch::allclose(pair, torch::tensor({0.0, 0.15625, 0.5, 0.84375, 1.0, 0.84375, 0.5, 0.15625}))) << pair;
  EXPECT_THROW(app::codes_around(keyframes.slice(0, 0, 1), 7), Error);
}

TEST_F(SweepCommands, RotatesAboutBothAxes) {
  const auto both = tensors("rotate", {"--seeds", "1,2", "--axis", "both", "--format", "gif"});
  for (const char* file : {"seed0001_yaw.gif", "seed0001_pitch.gif", "seed0002_yaw.gif", "seed0002_pitch.gif"})
    EXPECT_TRUE(fs::exists(out / file)) << file;
  EXPECT_EQ(record()["axis"], (std::vector<std::string>{"yaw", "pitch"}));
  EXPECT_EQ(record()["angles"]["yaw"].size(), 31U);
  EXPECT_EQ(record()["angles"]["pitch"].front(), -15);
  EXPECT_GT(formats::read_image(out / "sheet.png").width, 14 * 16) << "seven moments of each";
  for (const std::string axis : {"yaw", "pitch"}) {
    const auto alone = tensors("rotate", {"--seeds", "1,2", "--axis", axis, "--format", "webp"});
    for (const std::string name : {"_angles", "_views", "_recon_im"})
      EXPECT_TRUE(both.at(axis + name).equal(alone.at(axis + name))) << axis << name;
  }
}

TEST_F(SweepCommands, InterpolationMayStandStillOrNod) {
  const auto faces = tensors("generate", {"--seeds", "1,2"}).at("recon_im");
  fs::remove_all(out);
  const auto still = tensors("interpolate", {"--seeds", "1,2", "--steps", "3", "--axis", "none"});
  const auto row = still.at("seed0001-seed0002_recon_im");
  ASSERT_EQ(row.sizes(), (std::vector<int64_t>{3, 3, 16, 16}));
  EXPECT_TRUE(row[0].equal(faces[0]));
  EXPECT_TRUE(row[2].equal(faces[1]));
  EXPECT_TRUE(fs::exists(out / "seed0001-seed0002.png"));
  EXPECT_FALSE(fs::exists(out / "seed0001-seed0002.gif"));
  ASSERT_EQ(run("interpolate", {"--seeds", "1,2", "--axis", "none", "--format", "frames", "--scale", "2"}).exit_code,
            0);
  EXPECT_EQ(files_in(out / "seed0001-seed0002"), 6U);
  EXPECT_EQ(formats::read_image(out / "seed0001-seed0002" / "frame0005.png").width, 32);

  const auto nod = tensors("rotate", {"--seeds", "1,2", "--axis", "pitch", "--format", "gif"}).at("pitch_recon_im");
  const auto between = tensors("interpolate", {"--seeds", "1,2", "--steps", "2", "--axis", "pitch", "--format", "gif"});
  EXPECT_TRUE(between.at("seed0001-seed0002_recon_im")[1].equal(nod[1]));
}

TEST_F(SweepCommands, KeyframesMakeOneClosedVideo) {
  const auto faces = tensors("generate", {"--seeds", "1,2,5"}).at("recon_im");
  const std::vector<std::string> keyframes = {"--keyframes", "1-2,5", "--steps", "4", "--format", "gif,mp4,frames"};
  const auto still = tensors("interpolate", keyframes, {"--axis", "none"});
  const auto frames = still.at("keyframes_recon_im");
  ASSERT_EQ(frames.size(0), 12);
  for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(torch::allclose(frames[4 * i], faces[i], 0, 1e-4)) << i;
  EXPECT_EQ(test::read_video(out / "keyframes.gif").frames.size(), 12U) << "closed: not there and back";
  EXPECT_TRUE(fs::exists(out / "keyframes.mp4"));
  EXPECT_TRUE(fs::exists(out / "keyframes.png"));
  EXPECT_EQ(files_in(out / "keyframes"), 12U);
  EXPECT_EQ(record()["keyframes"], (std::vector<std::string>{"seed0001", "seed0002", "seed0005"}));

  // Turned: a quarter of the way round the head is at the side, as `rotate` shows the same code.
  const auto turning = tensors("interpolate", keyframes).at("keyframes_recon_im");
  const auto side = tensors("rotate", {"--latents", tensor_file("interpolate"), "--trunc", "1", "--format", "gif"});
  EXPECT_TRUE(torch::allclose(side.at("yaw_recon_im")[3][30], turning[3], 0, 1e-4));
  EXPECT_TRUE(torch::allclose(side.at("yaw_recon_im")[0][15], turning[0], 0, 1e-4));
  // With --latents, places in the file.
  const auto places = tensors("interpolate", {"--latents", tensor_file("interpolate"), "--trunc", "1", "--keyframes",
                                              "4,0", "--steps", "2", "--axis", "none", "--format", "gif"});
  EXPECT_TRUE(torch::allclose(places.at("keyframes_recon_im")[0], faces[1], 0, 1e-4));
}

TEST_F(SweepCommands, ContradictingInterpolationsAreUsageErrors) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases = {
      {{"--keyframes", "1"}, "expected at least two seeds"},
      {{"--keyframes", "1-"}, "--keyframes 1-"},
      {{"--keyframes", "1,2", "--seeds", "1,2"}, "--seeds"},
      {{"--keyframes", "1,2", "--ease", "smooth"}, "leave out --ease"},
      {{"--keyframes", "0-99", "--steps", "200"}, "20000 frames, expected at most 10000"},
      {{"--axis", "none", "--ease", "smooth"}, "--axis none turns nothing"},
      {{"--axis", "yaw", "--path", "turntable"}, "leave out --axis"},
      {{"--axis", "light"}, "expected yaw, pitch or none"},
      {{"--seeds", "1,2", "--steps", "101"}, "expected at most 100 without --keyframes"}};
  for (const auto& [more, part] : cases) {
    const auto result = run("interpolate", more);
    EXPECT_EQ(result.exit_code, 2) << part;
    EXPECT_THAT(result.errors, HasSubstr(part));
    EXPECT_FALSE(fs::exists(out)) << part;
  }
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
