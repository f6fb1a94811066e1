// The search behind `project`: its options, and pictures into codes.
#pragma once

#include <optional>
#include <string>

#include "lifted/app/project_targets.h"
#include "lifted/app/sampling.h"
#include "lifted/photo/tuning.h"
#include "lifted/train/projector.h"

namespace lifted::app {

struct ProjectOptions {
  SamplingOptions sampling;
  TargetOptions targets;
  std::string vgg, embedding, encoder, space = "w";
  std::optional<int> steps;
  train::ProjectorOptions projector;
  photo::TuningOptions tuning{.steps = 0};
  int64_t frames = 300;  // of a video
  bool no_video = false;
};

/// The perceptual distance of --vgg or --embedding; none without them, which is said.
std::optional<train::PerceptualLoss> perceptual_of(const ProjectOptions& options, int size, torch::Device device);

/// The codes of --encoder (N×w_dim) for pictures on the network's device; undefined without that option.
torch::Tensor encoded(const ProjectOptions& options, const SamplingRun& run, const torch::Tensor& pictures);

/// Searches from `start` (undefined: from the mean code) with progress, and progress.mp4 unless it is not wanted.
train::Projection search(const ProjectOptions& options, const SamplingRun& run, const Targets& targets,
                         const torch::Tensor& start, const train::PerceptualLoss* perceptual);

/// codes.safetensors: the codes of all pictures, and the noise maps that were found.
void write_codes(const ProjectOptions& options, const SamplingRun& run, const train::Projection& found);

}  // namespace lifted::app
