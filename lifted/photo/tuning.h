// Pivotal tuning (Roich et al. 2021): bending a generator a little, so that one code makes one picture.
#pragma once

#include <functional>

#include "lifted/model/import.h"
#include "lifted/train/perceptual_loss.h"

namespace lifted::photo {

struct TuningOptions {
  int steps = 100;
  double lr = 1e-3;                  // of Adam (0.9, 0.999)
  double pixel = 1, perceptual = 1;  // weights of mean |x − y| and of the perceptual distance
};

/// A network like `network` whose generator makes `target` (1×3×S×S in [-1, 1]) of `code` (1×w_dim or 1×layers×w_dim);
/// the original stays as it is, and the lifting networks are shared. `perceptual` may be null: pixels alone are
/// compared then. progress(step, loss). NonFiniteError if the loss becomes so.
model::LoadedNetwork tuned(const model::LoadedNetwork& network, const torch::Tensor& code, const torch::Tensor& target,
                           const train::PerceptualLoss* perceptual, const TuningOptions& options,
                           const std::function<void(int step, double loss)>& progress = {});

}  // namespace lifted::photo
