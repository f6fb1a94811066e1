#include "lifted/formats/animation.h"

#include <gmock/gmock.h>

#include <fstream>

#include "lifted/base/error.h"
#include "lifted/formats/image_ops.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"
#include "tests/support/video.h"

namespace lifted::formats {
namespace {

using test::TemporaryFolder;
using ::testing::HasSubstr;

std::vector<Image> moving_frames(int width, int height, int count) {
  std::vector<Image> frames;
  for (int i = 0; i < count; ++i) frames.push_back(test::smooth_image(width, height, i));
  return frames;
}

struct Case {
  const char* name;
  int width, height, decoded_width, decoded_height;
  double tolerance;  // mean absolute difference per 8-bit sample
};

class EveryFormat : public ::testing::TestWithParam<Case> {};

TEST_P(EveryFormat, DecodesBackToTheSameFrames) {
  const Case& c = GetParam();
  const TemporaryFolder folder;
  const auto frames = moving_frames(c.width, c.height, 7);
  write_animation(folder / c.name, frames, 10);
  const test::Video video = test::read_video(folder / c.name);
  ASSERT_EQ(video.frames.size(), frames.size());
  EXPECT_NEAR(video.seconds, 0.7, 0.11);
  for (size_t i = 0; i < frames.size(); ++i) {
    const Image& decoded = video.frames[i];
    ASSERT_EQ(decoded.width, c.decoded_width);
    ASSERT_EQ(decoded.height, c.decoded_height);
    const double difference = test::mean_difference(cropped(decoded, 0, 0, c.width, c.height), frames[i]);
    EXPECT_LT(difference, c.tolerance) << "frame " << i;
    const auto coarse = [](const Image& image) {
      return resized(image, 6, 4, ResizeFilter::box);
    };  // dithering keeps means
    EXPECT_LT(test::mean_difference(coarse(cropped(decoded, 0, 0, c.width, c.height)), coarse(frames[i])), 3)
        << "frame " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Animation, EveryFormat,
                         ::testing::Values(Case{"a.gif", 64, 48, 64, 48, 12.0}, Case{"odd.GIF", 33, 21, 33, 21, 12.0},
                                           Case{"a.mp4", 64, 48, 64, 48, 6.0}, Case{"odd.mp4", 63, 47, 64, 48, 6.0}));

TEST(Animation, ColoursOfFlatFramesSurvive) {
  const TemporaryFolder folder;
  std::vector<Image> frames;
  const std::vector<std::array<uint8_t, 3>> colors{{255, 0, 0}, {0, 200, 0}, {30, 60, 220}, {255, 255, 255}};
  for (const auto& color : colors) {
    Image frame = filled_image(32, 32);
    for (size_t i = 0; i < frame.pixels.size(); ++i) frame.pixels[i] = color[i % 3];
    frames.push_back(frame);
  }
  for (const char* name : {"flat.gif", "flat.mp4"}) {
    write_animation(folder / name, frames, 4);
    const auto video = test::read_video(folder / name);
    ASSERT_EQ(video.frames.size(), colors.size());
    for (size_t i = 0; i < colors.size(); ++i) {
      for (int c = 0; c < 3; ++c)
        EXPECT_NEAR(video.frames[i].at(16, 16)[c], colors[i][static_cast<size_t>(c)], 6) << name << i;
    }
  }
}

TEST(Animation, WebpHoldsAllFramesAndLoops) {
  const TemporaryFolder folder;
  const auto frames = moving_frames(40, 30, 5);
  write_animation(folder / "a.webp", frames, 20);
  const test::Video video = test::read_animated_webp(folder / "a.webp");
  ASSERT_EQ(video.frames.size(), 5u);
  EXPECT_EQ(video.loops, 0);
  for (size_t i = 0; i < 5; ++i) EXPECT_LT(test::mean_difference(video.frames[i], frames[i]), 4) << i;
  EXPECT_THAT(test::error_of([&] { read_image(folder / "a.webp"); }), HasSubstr("animated"));
}

TEST(Animation, GifLoopsForEver) {
  const TemporaryFolder folder;
  write_animation(folder / "a.gif", moving_frames(16, 16, 3), 10);
  const Bytes bytes = read_file(folder / "a.gif");
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const size_t at = text.find("NETSCAPE2.0");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(text.substr(at + 11, 4), std::string("\x03\x01\x00\x00", 4));
}

TEST(Animation, SameFramesGiveTheSameBytes) {
  const TemporaryFolder folder;
  for (const std::string extension : {".gif", ".mp4", ".webp"}) {
    for (const std::string name : {"first", "second"})
      write_animation(folder / (name + extension), moving_frames(48, 32, 6), 12);
    EXPECT_EQ(sha256_of_file(folder / ("first" + extension)), sha256_of_file(folder / ("second" + extension)))
        << extension;
  }
}

TEST(Animation, OneFrameIsEnough) {
  const TemporaryFolder folder;
  for (const char* name : {"one.gif", "one.mp4"}) {
    write_animation(folder / name, moving_frames(16, 16, 1), 10);
    EXPECT_EQ(test::read_video(folder / name).frames.size(), 1u) << name;
  }
}

TEST(Animation, MistakesAreClearAndLeaveNoFile) {
  const TemporaryFolder folder;
  const auto frames = moving_frames(16, 16, 2);
  EXPECT_THROW(write_animation(folder / "a.avi", frames, 10), UsageError);
  EXPECT_THROW(write_animation(folder / "nothing", frames, 10), UsageError);
  EXPECT_THROW(write_animation(folder / "a.gif", frames, 0), UsageError);
  EXPECT_THROW(write_animation(folder / "a.gif", frames, 60), UsageError);
  EXPECT_THAT(test::error_of([&] { write_animation(folder / "a.gif", {}, 10); }), HasSubstr("at least one frame"));
  auto mixed = frames;
  mixed.push_back(test::smooth_image(8, 16));
  EXPECT_THAT(test::error_of([&] { write_animation(folder / "a.mp4", mixed, 10); }), HasSubstr("frame 2 has 8x16"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  std::ofstream(folder / "file") << "x";
  EXPECT_THROW(write_animation(folder / "file/a.gif", frames, 10), Error);
}

TEST(Animation, NothingIsPrinted) {
  const TemporaryFolder folder;
  ::testing::internal::CaptureStderr();
  write_animation(folder / "a.mp4", moving_frames(32, 32, 4), 10);
  write_animation(folder / "a.gif", moving_frames(32, 32, 4), 10);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace lifted::formats
