// Sweeps: one scene under many views or lights, as frames, animations and rows of a contact sheet.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "lifted/app/pictures.h"
#include "lifted/formats/image.h"
#include "lifted/scene/renderer.h"
#include "lifted/scene/sweep_path.h"

namespace lifted::app {

using scene::Easing;
using scene::SweepAxis;

/// Degrees from `from` to `to`, both included where `step` divides the range.
struct AngleRange {
  double from, to, step;
  /// UsageError for a step of the wrong sign or zero, angles outside ±90° (±85° for lights, 0 … 360° for a turntable's
  /// places), or more than 10,000 angles.
  std::vector<double> angles(SweepAxis axis) const;
};

/// The published sweeps: yaw −45…45 by 3, pitch −15…15 by 1, light −60…60 by 6 degrees; a turntable by 6.
AngleRange published_range(SweepAxis axis);

/// What a sweep looks like on disk.
struct SweepOutput {
  std::vector<std::string> formats = {"gif", "mp4"};
  double fps = 20;
};
void add_sweep_output_options(CLI::App& command, SweepOutput& output);

/// How a sweep moves and how large it is drawn.
struct SweepStyle {
  std::string path = "sweep";  // or "turntable"
  Easing easing = Easing::linear;
  scene::Orbit orbit = {};
  double scale = 1;  // pictures per side of the network's own size
  bool turntable() const { return path == "turntable"; }
};
void add_sweep_style_options(CLI::App& command, SweepStyle& style);

/// The same, N×3×K×K with K the scaled side.
struct StyledSweep {
  SweepAxis axis;
  std::vector<double> angles;  // as they are drawn, easing applied
  SweepStyle style;
};
torch::Tensor sweep_images(const scene::Renderer& renderer, const scene::LitScene& scene, const StyledSweep& sweep);

/// One scene (batch 1) at each angle, as raw images N×3×S×S: pitch and yaw replace its view and keep its light, light
/// replaces its light and keeps its view.
torch::Tensor sweep_images(const scene::Renderer& renderer, const scene::LitScene& scene, SweepAxis axis,
                           const std::vector<double>& angles);

/// N×3×S×S in −1 … 1 as pictures.
std::vector<formats::Image> frames_of(const torch::Tensor& images);

/// Writes `folder`/`stem`.gif, .mp4, .webp or a folder of frames, as asked for. Animations go there and back, so that
/// they loop, unless the frames close by themselves.
void write_sweep(const PictureFolder& folder, const std::string& stem, const std::vector<formats::Image>& frames,
                 const SweepOutput& output, bool closed = false);

/// At most `count` of `total` indices, evenly spread and with both ends: the columns of a contact sheet.
std::vector<size_t> spread_indices(size_t total, size_t count);

/// "−45°"
std::string angle_label(double degrees);

}  // namespace lifted::app
