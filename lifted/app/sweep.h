// Sweeps: one scene under many views or lights, as frames, animations and rows of a contact sheet.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "lifted/formats/image.h"
#include "lifted/scene/renderer.h"

namespace lifted::app {

enum class SweepAxis { yaw, pitch, light };

/// Degrees from `from` to `to`, both included where `step` divides the range.
struct AngleRange {
  double from, to, step;
  /// UsageError for a step of the wrong sign or zero, angles outside ±90° (±85° for lights), or more than 10,000
  /// angles.
  std::vector<double> angles(SweepAxis axis) const;
};

/// The published sweeps: yaw −45…45 by 3, pitch −15…15 by 1, light −60…60 by 6 degrees.
AngleRange published_range(SweepAxis axis);

/// What a sweep looks like on disk.
struct SweepOutput {
  std::vector<std::string> formats = {"gif", "mp4"};
  double fps = 20;
};
void add_sweep_output_options(CLI::App& command, SweepOutput& output);

/// One scene (batch 1) at each angle, as raw images N×3×S×S: pitch and yaw replace its view and keep its light, light
/// replaces its light and keeps its view.
torch::Tensor sweep_images(const scene::Renderer& renderer, const scene::LitScene& scene, SweepAxis axis,
                           const std::vector<double>& angles);

/// N×3×S×S in −1 … 1 as pictures.
std::vector<formats::Image> frames_of(const torch::Tensor& images);

/// Writes `folder`/`stem`.gif, .mp4, .webp (there and back, so that it loops) or a folder of frames, as asked for.
void write_sweep(const std::filesystem::path& folder, const std::string& stem,
                 const std::vector<formats::Image>& frames, const SweepOutput& output);

/// At most `count` of `total` indices, evenly spread and with both ends: the columns of a contact sheet.
std::vector<size_t> spread_indices(size_t total, size_t count);

/// "−45°"
std::string angle_label(double degrees);

}  // namespace lifted::app
