#include "lifted/viewer/video.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numbers>

#include "lifted/base/error.h"
#include "lifted/formats/animation.h"
#include "lifted/viewer/http_error.h"

namespace lifted::viewer {
namespace {

constexpr double kYaw = 45, kPitch = 15, kLight = 60;  // of the published sweeps
constexpr scene::Orbit kOrbit;
constexpr int64_t kMostMegapixels = 64;     // of all frames together: half a minute of a slow machine
constexpr int64_t kMostGifMegapixels = 24;  // whose writer keeps all frames, 4 bytes a pixel

/// A folder that goes with everything in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "liftedgan-XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr, "{}: cannot create a temporary folder", name);
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::filesystem::path file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// 0 … 1 … 0 over one loop.
double there_and_back(double turn, scene::Easing easing) {
  return scene::eased(turn < 0.5 ? 2 * turn : 2 - 2 * turn, easing);
}

/// The picture at `turn`, 0 … 1, of the loop.
PictureRequest picture_at(const VideoRequest& request, double turn) {
  PictureRequest picture = request.picture;
  const double share = there_and_back(turn, request.easing), swing = 2 * share - 1;
  if (request.path == "yaw") picture.view.yaw = swing * kYaw;
  if (request.path == "pitch") picture.view.pitch = swing * kPitch;
  if (request.path == "light") picture.light.yaw = swing * kLight;
  if (request.path == "blend") picture.latent.blend = share;
  if (request.path == "turntable") {
    picture.view.yaw = kOrbit.yaw * std::sin(2 * std::numbers::pi * turn);
    picture.view.pitch = kOrbit.pitch * std::cos(2 * std::numbers::pi * turn);
  }
  return picture;
}

}  // namespace

std::vector<PictureRequest> video_frames(const VideoRequest& request) {
  std::vector<PictureRequest> frames;
  for (int64_t i = 0; i < request.frames; ++i) {
    frames.push_back(picture_at(request, static_cast<double>(i) / static_cast<double>(request.frames)));
  }
  return frames;
}

void check_length(const VideoRequest& request, int64_t size) {
  const int64_t most = request.format == "gif" ? kMostGifMegapixels : kMostMegapixels;
  const int64_t pixels = request.frames * size * size;
  if (pixels > most * 1'000'000) {
    refuse(400, "{} frames of {}×{} are {} million pixels, a {} may have {}: fewer frames or a smaller size",
           request.frames, size, size, pixels / 1'000'000, request.format, most);
  }
}

Bytes encode_video(const VideoRequest& request, const std::function<formats::Image(const PictureRequest&)>& picture) {
  const ScratchFolder folder;
  const std::filesystem::path file = folder.file("sweep." + request.format);
  std::unique_ptr<formats::AnimationWriter> writer;
  for (const PictureRequest& frame : video_frames(request)) {
    const formats::Image image = picture(frame);
    if (!writer) writer = std::make_unique<formats::AnimationWriter>(file, image.width, image.height, request.fps);
    writer->add(image);
  }
  writer->finish();
  return read_file(file);
}

}  // namespace lifted::viewer
