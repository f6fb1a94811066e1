// Keeps the gradients of occlusion contours out of the depth map.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::scene {

/// Returns `depth` (B×H×W) unchanged; in the backward pass the gradient is zeroed on the contour of the region it
/// touches, that is where the 4-neighbour Laplacian of the mask (gradient ≠ 0), reflected at the borders, is not zero.
torch::Tensor clip_contour_gradient(const torch::Tensor& depth);

/// What the backward pass does to a gradient.
torch::Tensor without_contour(const torch::Tensor& gradient);

}  // namespace lifted::scene
