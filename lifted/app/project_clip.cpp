#include "lifted/app/project_clip.h"

#include <algorithm>

#include "lifted/app/project_sheet.h"
#include "lifted/app/sweep.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/animation.h"
#include "lifted/formats/image_ops.h"
#include "lifted/formats/video.h"
#include "lifted/photo/align.h"
#include "lifted/photo/face_track.h"

namespace lifted::app {
namespace {
using formats::Image;
using torch::Tensor;

constexpr int kSmallestPanel = 128;
constexpr int64_t kSheetFrames = 8, kDrawnAtOnce = 8;

struct Clip {
  Targets frames;
  double fps = 0;
  int64_t without_face = 0;
};

void check_clip(const ProjectOptions& options) {
  const std::string name = options.targets.files[0].string();
  if (options.tuning.steps > 0) usage_error("--tune: bends the generator to one picture, but {} is a video", name);
  if (options.projector.noise_maps) usage_error("--noise: is found for one picture, but {} is a video", name);
  if (!options.targets.portraits.landmarks.empty())
    usage_error("--landmarks: tells of pictures, but {} is a video, whose face is looked for", name);
  if (options.targets.align && options.targets.portraits.faces == "all")
    usage_error("--faces all: one face is followed through {}; expected largest or a number", name);
}

/// Calls body(frame) for at most so many frames; returns how many there were.
template <typename Body>
int64_t for_frames(formats::VideoReader& video, int64_t most, const Body& body) {
  int64_t count = 0;
  for (; count < most; ++count) {
    const auto frame = video.next();
    if (!frame) break;
    body(*frame);
  }
  return count;
}

/// Where the face is in every frame; none where none was found in any and the centred square will do.
std::vector<photo::EyesAndMouth> follow_face(const ProjectOptions& options, const photo::PortraitOptions& portraits,
                                             Clip& clip) {
  const auto& path = options.targets.files[0];
  const auto finder = make_face_finder(options.targets.portraits.landmark_net);
  photo::FaceTrack track(*finder, std::max(0, portraits.face - 1));
  formats::VideoReader video(path);
  std::vector<std::optional<photo::EyesAndMouth>> faces;
  Progress progress("faces", options.frames, "frames");
  for_frames(video, options.frames, [&](const Image& frame) {
    faces.push_back(track.next(frame));
    progress.advance();
  });
  progress.finish();
  clip.without_face = std::ranges::count_if(faces, [](const auto& face) { return !face; });
  if (portraits.centre && clip.without_face == static_cast<int64_t>(faces.size())) return {};
  return photo::steadied(faces, path.string());
}

Clip read_clip(const ProjectOptions& options, int size) {
  const auto& path = options.targets.files[0];
  const auto portraits = portrait_options(options.targets.portraits, size);
  Clip clip;
  std::vector<photo::EyesAndMouth> faces;
  if (options.targets.align) faces = follow_face(options, portraits, clip);
  formats::VideoReader video(path);
  clip.fps = video.fps();
  for_frames(video, options.frames, [&](const Image& frame) {
    const size_t place = clip.frames.size();
    const auto square = faces.empty() ? photo::centred_frame(frame.width, frame.height)
                                      : photo::crop_frame(faces.at(place), portraits.crop, portraits.scale);
    clip.frames.names.push_back(fmt::format("{}_{:05}", path.stem().string(), place));
    clip.frames.images.push_back(photo::aligned(frame, square, size));
  });
  require(clip.frames.size() > 0, "{}: has no frame", path.string());
  if (static_cast<int64_t>(clip.frames.size()) == options.frames && video.next())
    log_warning("{}: only its first {} frames are taken (--frames)", path.string(), options.frames);
  return clip;
}

/// Codes for all frames that go together, and what the generator makes of them.
train::Projection steady_projection(const ProjectOptions& options, const SamplingRun& run, const Targets& frames) {
  const auto& network = run.network();
  std::optional<train::PerceptualLoss> perceptual;
  if (options.projector.steps > 0) perceptual = perceptual_of(options, network.generator->config().size, run.device());
  const Tensor pictures = frames.tensors().to(run.device());
  Tensor start = encoded(options, run, pictures);
  if (start.defined()) start = photo::steadied(start);
  auto found = search(options, run, frames, start, perceptual ? &*perceptual : nullptr);
  if (options.projector.steps == 0) return found;
  return train::projection_of(network.generator, photo::steadied(found.codes), pictures);
}

/// Frame, projection and rendering beside one another.
void write_beside(const std::filesystem::path& path, const Clip& clip, const model::LoadedNetwork& network,
                  const train::Projection& found) {
  const torch::NoGradGuard guard;
  const int side = clip.frames.images[0].width, scale = std::max(1, kSmallestPanel / side);
  const int panel = side * scale, columns = network.lifted ? 3 : 2;
  formats::AnimationWriter writer(path, columns * panel, panel, clip.fps);
  for_batches(found.codes.size(0), kDrawnAtOnce, [&](int64_t first, int64_t last) {
    std::vector<Image> rendered;
    if (network.lifted)
      rendered =
          frames_of(network.lifted->render(network.lifted->estimate(found.codes.slice(0, first, last))).recon_im);
    for (int64_t i = first; i < last; ++i) {
      Image all = formats::filled_image(columns * panel, panel);
      const auto put = [&](const Image& image, int column) {
        formats::paste(all, formats::enlarged(image, scale), column * panel, 0);
      };
      put(clip.frames.images[static_cast<size_t>(i)], 0);
      put(formats::image_from_tensor(found.images[i].cpu()), 1);
      if (network.lifted) put(rendered[static_cast<size_t>(i - first)], 2);
      writer.add(all);
    }
  });
  writer.finish();
}

/// A few frames, evenly chosen.
void write_sheet(const SamplingRun& run, const Clip& clip, const train::Projection& found) {
  Targets some;
  std::vector<Found> rows;
  const auto count = static_cast<int64_t>(clip.frames.size()), shown = std::min(count, kSheetFrames);
  for (int64_t k = 0; k < shown; ++k) {
    const int64_t i = shown == 1 ? 0 : k * (count - 1) / (shown - 1);
    some.names.push_back(clip.frames.names[static_cast<size_t>(i)]);
    some.images.push_back(clip.frames.images[static_cast<size_t>(i)]);
    rows.push_back({run.network(), found.codes.slice(0, i, i + 1), found.images[i], found.error[i].item<double>()});
  }
  run.pictures().write("sheet", comparison(some, rows));
}

}  // namespace

bool is_clip(const TargetOptions& options) {
  const auto video = std::ranges::find_if(options.files, [](const auto& file) {
    return formats::is_video_name(file) && !std::filesystem::is_directory(file);
  });
  if (video == options.files.end()) return false;
  if (options.files.size() > 1) usage_error("--target {}: a video is expected alone", video->string());
  return true;
}

void project_clip(const ProjectOptions& options, SamplingRun& run) {
  check_clip(options);
  const Clip clip = read_clip(options, run.network().generator->config().size);
  if (clip.without_face > 0)
    log_warning("no face in {} of {} frames: where it is there is guessed from the others", clip.without_face,
                clip.frames.size());
  run.make_folder();
  const auto found = steady_projection(options, run, clip.frames);
  write_codes(options, run, found);
  write_beside(run.output(options.targets.files[0].stem().string() + ".mp4"), clip, run.network(), found);
  write_sheet(run, clip, found);
  run.record().set("space", options.space);
  run.record().set("steps", options.projector.steps);
  if (!options.encoder.empty()) run.record().set("encoder", options.encoder);
  run.record().set("frames", clip.frames.size());
  run.record().set("without_face", clip.without_face);
  run.record().set("mean_absolute_error", found.error.mean().item<double>());
  run.finish();
  log_info("every command takes these codes: --latents {} --trunc 1", run.output("codes.safetensors").string());
}

}  // namespace lifted::app
