// Videos as this program's own writer makes them, and what is said of files that are none.
#include "lifted/formats/video.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "lifted/formats/animation.h"
#include "lifted/formats/image_ops.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::formats {
namespace {
using test::TemporaryFolder;
using testing::HasSubstr;

class Videos : public testing::Test {
 protected:
  std::filesystem::path clip(const std::string& name, int width = 48, int height = 32) {
    if (!can_animate()) return {};
    std::vector<Image> frames;
    for (int i = 0; i < 5; ++i) frames.push_back(test::smooth_image(width, height, i));
    write_animation(folder_ / name, frames, 10);
    return folder_ / name;
  }
  std::string error_of(const std::string& name, std::string_view contents) {
    write_file_atomically(folder_ / name, contents);
    return test::error_of([&] {
      VideoReader video(folder_ / name);
      while (video.next()) {
      }
    });
  }
  TemporaryFolder folder_;
};

TEST_F(Videos, FramesComeBackInOrder) {
  if (!can_animate()) GTEST_SKIP() << "no FFmpeg";
  for (const char* name : {"a.mp4", "a.gif"}) {
    VideoReader video(clip(name));
    EXPECT_NEAR(video.fps(), 10, 0.1) << name;
    for (int i = 0; i < 5; ++i) {
      const auto frame = video.next();
      ASSERT_TRUE(frame) << name << i;
      ASSERT_EQ(frame->width, 48);
      ASSERT_EQ(frame->height, 32);
      EXPECT_LT(test::mean_difference(*frame, test::smooth_image(48, 32, i)), 12) << name << i;
    }
    EXPECT_FALSE(video.next());
    EXPECT_FALSE(video.next());
  }
}

/// The file with the matrix of its track's header (tkhd) turned a quarter clockwise, as phones held upright write it.
std::string turned(std::string mp4) {
  const size_t matrix = mp4.find("tkhd") + 4 + 40;
  const std::string zero(4, '\0'), one("\0\1\0\0", 4), minus("\xff\xff\0\0", 4);
  const std::string values = zero + one + zero + minus + zero + zero;
  return mp4.replace(matrix, values.size(), values);
}

TEST_F(Videos, StandUprightAsTheirTrackSays) {
  if (!can_animate()) GTEST_SKIP() << "no FFmpeg";
  const Bytes bytes = read_file(clip("a.mp4"));
  write_file_atomically(folder_ / "turned.mp4", turned({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  VideoReader video(folder_ / "turned.mp4");
  const auto frame = video.next();
  ASSERT_TRUE(frame);
  ASSERT_EQ(frame->width, 32);
  ASSERT_EQ(frame->height, 48);
  EXPECT_LT(test::mean_difference(*frame, oriented(test::smooth_image(48, 32, 0), 6)), 12);
}

TEST_F(Videos, WhatIsNoneIsSaid) {
  if (!can_animate()) GTEST_SKIP() << "no FFmpeg";
  EXPECT_THAT(error_of("notes.mp4", "no video at all"), HasSubstr("notes.mp4: cannot be read as a video"));
  EXPECT_THAT(error_of("empty.mp4", ""), HasSubstr("cannot be read as a video"));
  const auto list = "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nfile:" + clip("other.mp4").string() + "\n#EXT-X-ENDLIST\n";
  EXPECT_THAT(error_of("list.mp4", list), HasSubstr("cannot be read as a video"));
  EXPECT_THAT(error_of("concat.mp4", "ffconcat version 1.0\nfile other.mp4\n"), HasSubstr("cannot be read as a video"));
  const Bytes bytes = read_file(clip("whole.mp4"));
  const std::string whole(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_THAT(error_of("cut.mp4", whole.substr(0, whole.find("moov") + 60)), HasSubstr("cut.mp4: "));
  std::string damaged = whole;
  const size_t data = whole.find("mdat") + 4;
  std::fill(damaged.begin() + static_cast<ptrdiff_t>(data), damaged.end(), '\xa5');
  EXPECT_THAT(error_of("damaged.mp4", damaged), HasSubstr("damaged.mp4: "));
  EXPECT_THAT(test::error_of([&] { VideoReader(folder_ / "none.mp4"); }), HasSubstr("cannot open"));
  EXPECT_THAT(test::error_of([&] { VideoReader(folder_.path()); }), HasSubstr("expected a regular file"));
  const auto too_large = test::error_of([&] {
    VideoReader video(folder_ / "whole.mp4", 1000);
    video.next();
  });
  EXPECT_THAT(too_large, HasSubstr("whole.mp4: "));
}

TEST(VideoNames, AreKnownByTheirEnding) {
  EXPECT_TRUE(is_video_name("a/B.MP4"));
  EXPECT_TRUE(is_video_name("clip.webm"));
  EXPECT_FALSE(is_video_name("face.jpg"));
  EXPECT_FALSE(is_video_name("mp4"));
}

}  // namespace
}  // namespace lifted::formats
