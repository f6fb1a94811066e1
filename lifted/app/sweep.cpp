#include "lifted/app/sweep.h"
#include "lifted/app/validators.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/error.h"
#include "lifted/formats/animation.h"
#include "lifted/scene/resolution.h"

namespace lifted::app {
namespace {

constexpr int64_t frames_per_batch = 8;
constexpr Bounds kScale = bounds::between(0.25, 4);

torch::Tensor repeated(const torch::Tensor& one, int64_t count) {
  if (!one.defined()) return one;
  std::vector<int64_t> shape = one.sizes().vec();
  shape[0] = count;
  return one.expand(shape);
}

void write_frames(const PictureFolder& folder, const std::vector<formats::Image>& frames) {
  for (size_t i = 0; i < frames.size(); ++i) folder.write(fmt::format("frame{:04}", i), frames[i]);
}

}  // namespace

std::vector<double> AngleRange::angles(SweepAxis axis) const {
  const double limit = axis == SweepAxis::light ? 85 : axis == SweepAxis::turntable ? 360 : 90;
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
    case SweepAxis::turntable:
      return {0, 354, 6};
    case SweepAxis::light:
      break;
  }
  return {-60, 60, 6};
}

void add_sweep_output_options(CLI::App& command, SweepOutput& output) {
  command.add_option("--format", output.formats, "What to write")
      ->delimiter(',')
      ->transform(choice({"gif", "mp4", "webp", "frames"}))
      ->default_str("gif,mp4");
  command.add_option("--fps", output.fps, "Frames per second")
      ->transform(number(bounds::between(1, 50)))
      ->capture_default_str();
}

void add_sweep_style_options(CLI::App& command, SweepStyle& style) {
  command.add_option("--ease", style.easing, "smooth: at rest at both ends of the sweep")
      ->transform(choice_of<Easing>({{"linear", Easing::linear}, {"smooth", Easing::smooth}}))
      ->default_str("linear");
  command.add_option("--scale", style.scale, "Draw at this many times the network's size")
      ->transform(number(kScale))
      ->capture_default_str();
}

torch::Tensor sweep_images(const scene::Renderer& renderer, const scene::LitScene& scene, SweepAxis axis,
                           const std::vector<double>& angles) {
  return sweep_images(renderer, scene, {axis, angles, {}});
}

torch::Tensor sweep_images(const scene::Renderer& renderer, const scene::LitScene& scene, const StyledSweep& sweep) {
  const auto& [path, easing, orbit, scale] = sweep.style;
  const auto size = std::llround(static_cast<double>(renderer.config().size) * scale);
  const torch::Tensor rows = scene::sweep_rows(sweep.axis, sweep.angles, orbit).to(scene.depth.device());
  std::vector<torch::Tensor> images;
  for (int64_t first = 0; first < rows.size(0); first += frames_per_batch) {
    const int64_t count = std::min(frames_per_batch, rows.size(0) - first);
    scene::LitScene posed{repeated(scene.depth, count), repeated(scene.albedo, count), repeated(scene.light, count),
                          repeated(scene.view, count), repeated(scene.transform_map, count)};
    (sweep.axis == SweepAxis::light ? posed.light : posed.view) = rows.narrow(0, first, count);
    images.push_back(scene::draw_at(renderer, posed, size).image);
  }
  return torch::cat(images);
}

std::vector<formats::Image> frames_of(const torch::Tensor& images) {
  const torch::Tensor on_cpu = images.cpu();
  std::vector<formats::Image> frames;
  for (int64_t i = 0; i < on_cpu.size(0); ++i) frames.push_back(formats::image_from_tensor(on_cpu[i]));
  return frames;
}

void write_sweep(const PictureFolder& folder, const std::string& stem, const std::vector<formats::Image>& frames,
                 const SweepOutput& output, bool closed) {
  std::vector<formats::Image> loop = frames;
  for (size_t i = frames.size(); !closed && i-- > 2;) loop.push_back(frames[i - 1]);
  for (const std::string& format : output.formats) {
    if (format == "frames") {
      write_frames({folder.path / stem, folder.text}, frames);
    } else {
      formats::write_animation(folder.path / (stem + "." + format), loop, output.fps);
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
