// In place of animation.cpp where a build has no FFmpeg.
#include "lifted/base/parts.h"
#include "lifted/formats/animation.h"

namespace lifted::formats {

struct AnimationWriter::State {};

bool can_animate() {
  return false;
}

AnimationWriter::AnimationWriter(const std::filesystem::path& path, int, int, double) {
  left_out(path.string().c_str(), "FFmpeg for animations", "LIFTED_FFMPEG");
}
AnimationWriter::~AnimationWriter() = default;
void AnimationWriter::add(const Image&) {}
void AnimationWriter::finish() {}

void write_animation(const std::filesystem::path& path, const std::vector<Image>&, double fps) {
  AnimationWriter(path, 0, 0, fps);
}

}  // namespace lifted::formats
