// Surface normals of depth maps.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/scene/camera.h"

namespace lifted::scene {

/// B×H×W×3 normals of a B×H×W×3 grid, from neighbouring differences; border rows and columns repeat their inner
/// neighbours. Positive z faces the camera. The published length is |n| / (|n| + 1e-7) with |n| the raw cross product
/// (about 0.95 at 256², 0.997 at 64²), and published weights were trained with it; `unit_normals` divides by |n|
/// instead, so that shading no longer depends on the image size (surfaces come out up to 5 % brighter at 256², and more
/// at larger sizes).
torch::Tensor normals_from_grid(const torch::Tensor& grid, bool unit_normals = false);

/// The same from a depth map, B×H×W.
torch::Tensor normals_from_depth(const torch::Tensor& depth, const Camera& camera, bool unit_normals = false);

}  // namespace lifted::scene
