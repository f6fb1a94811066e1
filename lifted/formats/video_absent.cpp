// In place of video.cpp where a build has no FFmpeg.
#include "lifted/base/parts.h"
#include "lifted/formats/video.h"

namespace lifted::formats {

struct VideoReader::State {};

VideoReader::VideoReader(const std::filesystem::path& path, int64_t) {
  left_out(path.string().c_str(), "FFmpeg for videos", "LIFTED_FFMPEG");
}
VideoReader::~VideoReader() = default;
double VideoReader::fps() const {
  return 0;
}
std::optional<Image> VideoReader::next() {
  return {};
}

}  // namespace lifted::formats
