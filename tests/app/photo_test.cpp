// dataset align, project with an encoder, and what they say of wrong input, as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/formats/animation.h"
#include "lifted/formats/image.h"
#include "lifted/formats/image_ops.h"
#include "lifted/formats/safetensors.h"
#include "lifted/formats/video.h"
#include "lifted/photo/landmark_file.h"
#include "tests/app/program.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::test {
namespace {
namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;
using testing::HasSubstr;

class PhotoCommands : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::getenv("LIFTED_PROGRAM")) GTEST_SKIP() << "LIFTED_PROGRAM is not set: run through ctest";
    fs::create_directories(folder_ / "photos");
    for (const char* name : {"a.png", "b.png"}) formats::write_png(folder_ / "photos" / name, smooth_image(120, 90));
    write_file_atomically(folder_ / "points.csv",
                          "a.png,50,30,70,30,60,42,53,52,67,52\nb.png,20,30,40,34,28,44,20,54,34,57\n"
                          "b.png,80,30,90,30,85,36,81,42,89,42\n");
  }
  ProgramResult run(Arguments words, const Arguments& more = {}) {
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words);
  }
  ProgramResult align(const Arguments& more, const std::string& destination = "out") {
    return run({"dataset", "align", "--source", folder_ / "photos", "--landmarks", folder_ / "points.csv", "--size",
                "32", "--dest", folder_ / destination},
               more);
  }
  TemporaryFolder folder_;
};

TEST_F(PhotoCommands, AlignsByAFileOfLandmarks) {
  const auto largest = align({});
  ASSERT_EQ(largest.exit_code, 0) << largest.errors;
  EXPECT_THAT(largest.output, HasSubstr("2 faces of 2 photographs, 0 left out"));
  EXPECT_EQ(formats::read_image(folder_ / "out" / "b.png").width, 32);
  EXPECT_EQ(align({}).exit_code, 2);  // is there already
  const auto all = align({"--faces", "all", "--crop", "heads", "--overwrite"});
  EXPECT_THAT(all.output, HasSubstr("3 faces of 2 photographs"));
  EXPECT_TRUE(fs::exists(folder_ / "out" / "b_2.png"));
  EXPECT_EQ(run({"dataset", "align", "--source", folder_ / "photos", "--landmarks", folder_ / "points.csv", "--dest",
                 folder_ / "out.zip"})
                .exit_code,
            0);
  EXPECT_EQ(run({"dataset", "inspect", "--data", folder_ / "out.zip"}).exit_code, 0);
}

TEST_F(PhotoCommands, WhatFailsIsCountedAndTheRestIsDone) {
  formats::write_png(folder_ / "photos" / "stranger.png", smooth_image(40, 40));
  write_file_atomically(folder_ / "photos" / "broken.png", "not a picture");
  const auto some = align({});
  EXPECT_EQ(some.exit_code, 0) << some.errors;
  EXPECT_THAT(some.output, HasSubstr("2 faces of 4 photographs, 2 left out"));
  EXPECT_THAT(some.errors, HasSubstr("stranger.png: the landmark file does not know it"));
  EXPECT_THAT(some.errors, HasSubstr("broken.png"));
  const auto centred = align({"--centre", "--overwrite"});
  EXPECT_THAT(centred.output, HasSubstr("3 faces of 4 photographs, 1 left out"));
  EXPECT_EQ(align({"--faces", "5"}, "none").exit_code, 1);
  EXPECT_EQ(align({"--faces", "0", "--overwrite"}).exit_code, 2);
  EXPECT_EQ(align({"--faces", "both", "--overwrite"}).exit_code, 2);
  const auto wrong = run({"dataset", "align", "--source", folder_ / "photos", "--landmarks", folder_ / "no.csv",
                          "--dest", folder_ / "none"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.errors, HasSubstr("there is no such file"));
}

TEST_F(PhotoCommands, ProjectsByTheBuiltinEncoder) {
  const auto made = run({"generate", "--seeds", "1", "--trunc", "0.7", "--outdir", folder_ / "made"});
  ASSERT_EQ(made.exit_code, 0) << made.errors;
  const auto project = [&](const std::string& out, const Arguments& more) {
    return run({"project", "--target", folder_ / "made" / "seed0001.png", "--outdir", folder_ / out, "--no-video"},
               more);
  };
  const auto error_of = [&](const std::string& out) {
    return read_json_file(folder_ / out / "run.json")["mean_absolute_error"]["seed0001"].get<double>();
  };
  const auto once = project("once", {"--encoder", "builtin", "--steps", "0"});
  ASSERT_EQ(once.exit_code, 0) << once.errors;
  EXPECT_LT(error_of("once"), 0.2);
  ASSERT_EQ(project("refined", {"--encoder", "builtin", "--steps", "20"}).exit_code, 0);
  EXPECT_LT(error_of("refined"), error_of("once"));
  ASSERT_EQ(project("tuned", {"--encoder", "builtin", "--steps", "0", "--tune", "10"}).exit_code, 0);
  EXPECT_LT(error_of("tuned"), error_of("once"));
  EXPECT_TRUE(fs::exists(folder_ / "tuned" / "seed0001-network.safetensors"));
  EXPECT_EQ(formats::read_safetensors(folder_ / "once" / "codes.safetensors").at("w").dim(), 2);
  EXPECT_EQ(project("no", {"--steps", "0"}).exit_code, 2);
  const auto stranger = project("no", {"--encoder", "builtin", "--network", test::data_file("ok_base.pt")});
  EXPECT_EQ(stranger.exit_code, 1);
  EXPECT_THAT(stranger.errors, HasSubstr("reads codes of another generator"));
}

TEST_F(PhotoCommands, FacesAreFoundWhereTheyStand) {
  ASSERT_EQ(run({"generate", "--seeds", "1", "--trunc", "0.5", "--outdir", folder_ / "made"}).exit_code, 0);
  const auto head = formats::resized(formats::read_image(folder_ / "made" / "seed0001.png"), 192, 192);
  const auto found_at = [&](int x, int y) {
    formats::Image large = formats::filled_image(480, 360, 3, 110);
    formats::paste(large, head, x, y);
    fs::create_directories(folder_ / "large");
    formats::write_png(folder_ / "large" / "a.png", large);
    const auto result = run({"dataset", "align", "--source", folder_ / "large", "--dest", folder_ / "found", "--size",
                             "32", "--found", folder_ / "found.csv", "--overwrite"});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    EXPECT_THAT(result.output, HasSubstr("1 faces of 1 photographs"));
    return photo::Landmarks(photo::LandmarkFile(folder_ / "found.csv").find("a.png")->at(0));
  };
  const auto one = found_at(40, 30), other = found_at(230, 120);
  ASSERT_EQ(one.size(), 68u);
  const double eyes = photo::length(one[45] - one[36]);
  EXPECT_GT(eyes, 40);
  EXPECT_LT(eyes, 110);
  for (size_t i = 0; i < one.size(); ++i)
    EXPECT_LT(photo::length(other[i] - one[i] - photo::Point{190, 90}), 0.05 * eyes) << i;
}

TEST_F(PhotoCommands, ProjectTakesFoldersAndAlignsFaces) {
  write_file_atomically(folder_ / "photos" / "broken.png", "not a picture");
  const auto result = run({"project", "--target", folder_ / "photos", "--align", "--landmarks", folder_ / "points.csv",
                           "--faces", "all", "--encoder", "builtin", "--steps", "0", "--outdir", folder_ / "heads"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.errors, HasSubstr("broken"));
  for (const char* name : {"a.png", "b.png", "b_2.png", "sheet.png", "codes.safetensors"})
    EXPECT_TRUE(fs::exists(folder_ / "heads" / name)) << name;
  EXPECT_EQ(formats::read_safetensors(folder_ / "heads" / "codes.safetensors").at("w").size(0), 3);
}

TEST_F(PhotoCommands, AVideoBecomesACodeForEachFrame) {
  if (!formats::can_animate()) GTEST_SKIP() << "no FFmpeg";
  ASSERT_EQ(run({"generate", "--seeds", "1", "--trunc", "0.5", "--outdir", folder_ / "made"}).exit_code, 0);
  const auto head = formats::resized(formats::read_image(folder_ / "made" / "seed0001.png"), 160, 160);
  std::vector<formats::Image> frames;
  for (int i = 0; i < 6; ++i) {
    frames.push_back(formats::filled_image(320, 240, 3, 110));
    formats::paste(frames.back(), head, 40 + 4 * i, 30);
  }
  formats::write_animation(folder_ / "clip.mp4", frames, 10);
  const auto project = [&](const std::string& out, const Arguments& more) {
    return run({"project", "--target", folder_ / "clip.mp4", "--encoder", "builtin", "--outdir", folder_ / out}, more);
  };
  const auto whole = project("whole", {"--align", "--steps", "0"});
  ASSERT_EQ(whole.exit_code, 0) << whole.errors;
  const auto codes = formats::read_safetensors(folder_ / "whole" / "codes.safetensors").at("w");
  ASSERT_EQ(codes.size(0), 6);
  // The head only moves: steady codes are all but one code.
  EXPECT_LT((codes - codes.mean(0)).norm().item<double>(), 0.2 * codes.norm().item<double>());
  const auto record = read_json_file(folder_ / "whole" / "run.json");
  EXPECT_EQ(record["without_face"], 0);
  EXPECT_LT(record["mean_absolute_error"].get<double>(), 0.25);
  formats::VideoReader beside(folder_ / "whole" / "clip.mp4");
  EXPECT_EQ(beside.next()->width, 3 * 128);
  const auto cut = project("cut", {"--steps", "3", "--frames", "2", "--no-video"});
  ASSERT_EQ(cut.exit_code, 0) << cut.errors;
  EXPECT_THAT(cut.errors, HasSubstr("only its first 2 frames are taken"));
  EXPECT_EQ(formats::read_safetensors(folder_ / "cut" / "codes.safetensors").at("w").size(0), 2);
  EXPECT_EQ(project("no", {"--tune", "5"}).exit_code, 2);
  EXPECT_EQ(project("no", {"--target", folder_ / "photos" / "a.png"}).exit_code, 2);
  write_file_atomically(folder_ / "clip.mp4", "no video");
  const auto none = project("no", {});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.errors, HasSubstr("clip.mp4: cannot be read as a video"));
}

}  // namespace
}  // namespace lifted::test
