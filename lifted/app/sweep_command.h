// What `rotate` and `relight` share: each seed under a range of angles.
#pragma once

#include "lifted/app/sampling.h"
#include "lifted/app/sweep.h"

namespace lifted::app {

struct SweepCommandOptions {
  SamplingOptions sampling;
  SweepOutput output;
  SweepStyle style;
  std::vector<SweepAxis> axes = {SweepAxis::yaw};  // one after the other
  bool axis_given = false;
  std::optional<double> from, to, step;  // the published range of each axis where absent
};

void add_range_options(CLI::App& command, SweepCommandOptions& options);
/// --path and the extent of a turntable's ellipse.
void add_path_options(CLI::App& command, SweepStyle& style);

/// Writes per seed one animation named seedNNNN_AXIS per axis, and a sheet of seeds by angles. Raw tensors:
/// AXIS_angles, AXIS_views or light_lights, AXIS_recon_im (samples × angles × 3×S×S).
void run_sweep(const std::string& command, const SweepCommandOptions& options);

}  // namespace lifted::app
