// What a network makes of seeded latents, as metrics look at it.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>

#include "lifted/model/import.h"

namespace lifted::metrics {

/// B×3×S×S rounded to 8 bits, as images in files are: in [-1, 1].
torch::Tensor as_stored(const torch::Tensor& images);

/// Calls use(w) with the truncated style codes (at most `batch` × w_dim at a time, on the network's device) of
/// z = numpy.random.RandomState(0).randn(count, z_dim).
void for_each_code(const model::LoadedNetwork& network, int64_t count, int64_t batch, double truncation_psi,
                   const std::function<void(const torch::Tensor& w)>& use);

}  // namespace lifted::metrics
