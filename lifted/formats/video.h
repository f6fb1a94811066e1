// Videos, frame by frame: MP4, MOV, WebM, MKV, AVI and GIF, as far as the system's FFmpeg decodes them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "lifted/formats/image.h"

namespace lifted::formats {

/// Whether a file is taken for a video: by its name's ending.
bool is_video_name(const std::filesystem::path& path);

class VideoReader {
 public:
  /// Its first video track. Nothing but this file is opened, whatever it refers to, and only the usual kinds of
  /// containers and pictures. Error naming the file and the reason; also where this build has no FFmpeg.
  explicit VideoReader(const std::filesystem::path& path, int64_t max_pixels = kMaxReadPixels);
  ~VideoReader();
  VideoReader(const VideoReader&) = delete;
  VideoReader& operator=(const VideoReader&) = delete;

  /// Frames per second on average, between 1 and 240; 25 where the file does not say.
  double fps() const;
  /// The next frame, upright as the track's rotation says; nothing after the last. Error naming file and frame where it
  /// cannot be decoded or is larger than `max_pixels`.
  std::optional<Image> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lifted::formats
