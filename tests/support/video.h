// Reads animations back, for tests of the writers.
#pragma once

#include <filesystem>
#include <vector>

#include "lifted/formats/image.h"

namespace lifted::test {

struct Video {
  std::vector<formats::Image> frames;  ///< RGB
  double seconds = 0;
  int loops = -1;  ///< WebP only: 0 means for ever
};

/// GIF and MP4 through libavformat. Throws Error if it cannot be decoded.
Video read_video(const std::filesystem::path& path);
/// Animated WebP through libwebpdemux (libavcodec cannot read it).
Video read_animated_webp(const std::filesystem::path& path);

}  // namespace lifted::test
