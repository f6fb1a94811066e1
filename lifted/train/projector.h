// Finding the code whose image is a given picture (Karras et al. 2020, appendix D), by gradient descent through the
// frozen generator.
#pragma once

#include <cstdint>
#include <functional>

#include "lifted/base/tensor.h"
#include "lifted/model/w_statistics.h"
#include "lifted/nets/stylegan2.h"
#include "lifted/train/perceptual_loss.h"

namespace lifted::train {

struct ProjectorOptions {
  int steps = 500;
  double lr = 0.1;                             // at its highest: up over the first 5 %, down over the last 25 %
  double pixel = 1, perceptual = 1;            // weights of mean |x − y| and of the perceptual distance
  bool per_layer = false;                      // W+: a code for every layer, instead of one for all
  bool noise_maps = false;                     // find the noise maps too, kept white by the term below
  double noise_weight = 1e5;                   // of the noise maps' autocorrelation
  double exploration = 0.05, explored = 0.75;  // noise on the codes, in standard deviations of w; until which share
  uint64_t seed = 0;

  /// UsageError if a number makes no sense.
  void validate() const;
};

struct Projection {
  torch::Tensor codes;               // N×w_dim, with per_layer N×layers×w_dim
  torch::Tensor images;              // N×3×S×S, what the generator makes of them, unclamped
  torch::Tensor error;               // N: mean |image − target|
  std::vector<torch::Tensor> noise;  // with noise_maps, per layer N×1×H×W
};

/// `step` counts from 0; `images` are those of the step, N×3×S×S.
using ProjectionProgress = std::function<void(int step, double loss, const torch::Tensor& images)>;

/// targets: N×3×S×S in [−1, 1]. Starts from the mean code. `perceptual` may be null: pixels alone are compared then.
/// The images do not affect one another. Error unless the targets are of the generator's size.
Projection project(const nets::Stylegan2Generator& generator, const model::WStatistics& statistics,
                   const PerceptualLoss* perceptual, const torch::Tensor& targets, const ProjectorOptions& options,
                   const ProjectionProgress& progress = {});

/// Sum over scales (halved down to 8 pixels) of the squared correlations of a noise map (1×1×H×W) with itself, moved by
/// one pixel along each axis: 0 for white noise.
torch::Tensor noise_autocorrelation(const torch::Tensor& noise);

}  // namespace lifted::train
