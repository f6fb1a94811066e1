#include "lifted/app/sweep.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/error.h"
#include "lifted/formats/animation.h"

namespace lifted::app {
namespace {

constexpr int64_t frames_per_batch = 8;

torch::Tensor rows_of(SweepAxis axis, const std::vector<double>& angles) {
  std::vector<torch::Tensor> rows;
  for (const double angle : angles) {
    rows.push_back(axis == SweepAxis::yaw     ? scene::yaw_view(angle)
                   : axis == SweepAxis::pitch ? scene::pitch_view(angle)
                                              : scene::sweep_light(angle));
  }
  return torch::stack(rows);
}

torch::Tensor repeated(const torch::Tensor& one, int64_t count) {
  if (!one.defined()) return one;
  std::vector<int64_t> shape = one.sizes().vec();
  shape[0] = count;
  return one.expand(shape);
}

void write_frames(const std::filesystem::path& folder, const std::vector<formats::Image>& frames) {
  for (size_t i = 0; i < frames.size(); ++i) formats::write_png(folder / fmt::format("frame{:04}.png", i), frames[i]);
}

}  // namespace

std::vector<double> AngleRange::angles(SweepAxis axis) const {
  const double limit = axis == SweepAxis::light ? 85 : 90;
  if (!(std::abs(from) <= limit) || !(std::abs(to) <= limit)) {
    usage_error("--from {} --to {}: angles go from -{} to {} degrees", from, to, limit, limit);
  }
  if (!(step != 0) || !std::isfinite(step) || (from != to && (to - from) / step < 0)) {
    usage_error("--from {} --to {} --step {}: the step does not lead from one to the other", from, to, step);
  }
  const auto intervals = static_cast<int64_t>(std::floor((to - from) / step + 1e-6));
  if (intervals >= 10000) usage_error("--step {}: more than 10000 angles", step);
  std::vector<double> result;
  for (int64_t i = 0; i <= intervals; ++i) result.push_back(from + static_cast<double>(i) * step);
  return result;
}

AngleRange published_range(SweepAxis axis) {
  switch (axis) {
    case SweepAxis::yaw:
      return {-45, 45, 3};
    case SweepAxis::pitch:
      return {-15, 15, 1};
    case SweepAxis::light:
      break;
  }
  return {-60, 60, 6};
}

void add_sweep_output_options(CLI::App& command, SweepOutput& output) {
  command.add_option("--format", output.formats, "What to write: any of gif, mp4, webp, frames (default gif,mp4)")
      ->delimiter(',')
      ->check(CLI::IsMember({"gif", "mp4", "webp", "frames"}));
  command.add_option("--fps", output.fps, "Frames per second")->check(CLI::Range(1.0, 50.0))->capture_default_str();
}

torch::Tensor sweep_images(const scene::Renderer& renderer, const scene::LitScene& scene, SweepAxis axis,
                           const std::vector<double>& angles) {
  const torch::Tensor rows = rows_of(axis, angles).to(scene.depth.device());
  std::vector<torch::Tensor> images;
  for (int64_t first = 0; first < rows.size(0); first += frames_per_batch) {
    const int64_t count = std::min(frames_per_batch, rows.size(0) - first);
    scene::LitScene posed{repeated(scene.depth, count), repeated(scene.albedo, count), repeated(scene.light, count),
                          repeated(scene.view, count), repeated(scene.transform_map, count)};
    (axis == SweepAxis::light ? posed.light : posed.view) = rows.narrow(0, first, count);
    images.push_back(renderer.render_lit(posed).mesh.image);
  }
  return torch::cat(images);
}

std::vector<formats::Image> frames_of(const torch::Tensor& images) {
  const torch::Tensor on_cpu = images.cpu();
  std::vector<formats::Image> frames;
  for (int64_t i = 0; i < on_cpu.size(0); ++i) frames.push_back(formats::image_from_tensor(on_cpu[i]));
  return frames;
}

void write_sweep(const std::filesystem::path& folder, const std::string& stem,
                 const std::vector<formats::Image>& frames, const SweepOutput& output) {
  std::vector<formats::Image> there_and_back = frames;
  for (size_t i = frames.size(); i-- > 2;) there_and_back.push_back(frames[i - 1]);
  for (const std::string& format : output.formats) {
    if (format == "frames") {
      write_frames(folder / stem, frames);
    } else {
      formats::write_animation(folder / (stem + "." + format), there_and_back, output.fps);
    }
  }
}

std::vector<size_t> spread_indices(size_t total, size_t count) {
  std::vector<size_t> indices;
  const size_t shown = std::min(total, count);
  for (size_t i = 0; i < shown; ++i) indices.push_back(shown == 1 ? total / 2 : i * (total - 1) / (shown - 1));
  return indices;
}

std::string angle_label(double degrees) {
  return fmt::format("{}{:g}°", degrees < 0 ? "−" : "", std::abs(degrees));
}

}  // namespace lifted::app
