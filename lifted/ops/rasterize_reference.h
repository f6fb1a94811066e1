// What ops/rasterize.h computes, written to be read: the oracle of its tests, and differentiable any number of times.
#pragma once

#include "lifted/ops/rasterize.h"

namespace lifted::ops {

/// Same arguments, results and conventions as rasterize(). Visibility is found by a plain loop over triangles,
/// everything that carries a gradient is tensor operations.
Rasterized rasterize_reference(const torch::Tensor& vertices, const torch::Tensor& attributes,
                               const RasterizeOptions& options);

}  // namespace lifted::ops
