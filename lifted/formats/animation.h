// Animations: GIF (own palette, looped), MP4 (H.264) and WebP (looped).
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "lifted/formats/image.h"

namespace lifted::formats {

/// Whether this build can (it has FFmpeg); where it cannot, the writer's constructor says so in an Error.
bool can_animate();

/// Writes an animation frame by frame; the file appears when finish() succeeds and not before.
class AnimationWriter {
 public:
  /// The extension chooses the format: .gif, .mp4 or .webp (UsageError otherwise). 0 < fps ≤ 1000, for GIF ≤ 50 because
  /// its delays are hundredths of a second and viewers slow down below two. MP4 needs even sides: an odd one gets a
  /// white row or column.
  AnimationWriter(const std::filesystem::path& path, int width, int height, double fps);
  ~AnimationWriter();
  AnimationWriter(const AnimationWriter&) = delete;
  AnimationWriter& operator=(const AnimationWriter&) = delete;

  /// An RGB or grey frame of the size given above. GIF keeps all frames in memory until the end: its palette fits all
  /// of them.
  void add(const Image& frame);
  /// Error if no frame was added or the disk is full.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The same in one call; all frames need one size.
void write_animation(const std::filesystem::path& path, const std::vector<Image>& frames, double fps);

}  // namespace lifted::formats
