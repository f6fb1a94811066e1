// Finding the code whose image is a given picture through the frozen generator: from the mean code by gradient descent
// with noise (Karras et al. 2020, appendix D), or from a code that is near already by L-BFGS.
#pragma once

#include <cstdint>
#include <functional>

#include "lifted/base/tensor.h"
#include "lifted/model/import.h"
#include "lifted/model/w_statistics.h"
#include "lifted/nets/stylegan2.h"
#include "lifted/train/perceptual_loss.h"

namespace lifted::train {

struct ProjectorOptions {
  int steps = 500;
  bool quasi_newton = false;                   // L-BFGS, for codes alone, in place of Adam: knows no rate and no noise
  double lr = 0.1;                             // at its highest: up over the first 5 %, down over the last 25 %
  double pixel = 1, perceptual = 1;            // weights of mean |x − y| and of the perceptual distance
  double hold = 0.5;                           // of the mean squared change of what ProjectionStart::held reads
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

/// `step` counts from 0; `images` are those of the step, N×3×S×S, of as many targets as are searched for at once.
using ProjectionProgress = std::function<void(int step, double loss, const torch::Tensor& images)>;

/// Where a search starts.
struct ProjectionStart {
  torch::Tensor codes = {};  // N×w_dim; undefined: the mean code, whose surroundings are explored
  /// Reads off codes (N×w_dim) what pictures tell badly and those codes well: N×K. It is held where it is.
  std::function<torch::Tensor(const torch::Tensor& codes)> held = {};
};

/// Codes that an encoder gives. Of a lifted network the view is held: a search that is free to change it lets the head
/// lean and the surface make up for it.
ProjectionStart start_at(const model::LoadedNetwork& network, const torch::Tensor& codes);

/// targets: N×3×S×S in [−1, 1]. With `start`'s codes there is no noise that explores, and no step at all where
/// options.steps is 0. `perceptual` may be null: pixels alone are compared
/// then. The images do not affect one another. Error unless the targets are of the generator's size.
Projection project(const nets::Stylegan2Generator& generator, const model::WStatistics& statistics,
                   const PerceptualLoss* perceptual, const torch::Tensor& targets, const ProjectorOptions& options,
                   const ProjectionProgress& progress = {}, const ProjectionStart& start = {});

/// How many images of a generator of this size are searched for together; the others follow.
int64_t searched_at_once(const ProjectorOptions& options, int size);

/// What the generator makes of codes (N×w_dim or N×layers×w_dim) that were found otherwise.
Projection projection_of(const nets::Stylegan2Generator& generator, const torch::Tensor& codes,
                         const torch::Tensor& targets);

}  // namespace lifted::train
