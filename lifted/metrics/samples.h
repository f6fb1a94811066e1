// What a network makes of seeded latents, as metrics look at it.
#pragma once

#include <cstdint>
#include <functional>

#include "lifted/base/tensor.h"
#include "lifted/model/import.h"

namespace lifted::metrics {

/// B×3×S×S rounded to 8 bits, as images in files are: in [-1, 1].
torch::Tensor as_stored(const torch::Tensor& images);

/// One row of values for each row of `like`, with its type and device: B×N.
torch::Tensor for_every_sample(const torch::Tensor& row, const torch::Tensor& like);

struct CodeOptions {
  int64_t count = 0, batch = 32;
  double truncation_psi = 1;
  uint32_t seed = 0;
  /// Of several processes this one takes every ranks-th batch, from the rank-th on.
  int rank = 0, ranks = 1;
};

/// Calls use(w) with the truncated style codes (at most `batch` × w_dim at a time, on the network's device) of
/// z = numpy.random.RandomState(seed).randn(count, z_dim), those of this process.
void for_each_code(const model::LoadedNetwork& network, const CodeOptions& codes,
                   const std::function<void(const torch::Tensor& w)>& use);

/// The network's images of w, unclamped: renders at the predicted view and light, or with `proxy` and of a 2D network
/// the generator's. B×3×S×S.
torch::Tensor network_images(const model::LoadedNetwork& network, const torch::Tensor& w, bool proxy = false);

}  // namespace lifted::metrics
