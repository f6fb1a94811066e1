// The differentiable rasterizer of depth-grid meshes (what `render` of LiftedGAN draws with).
#pragma once

#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

struct RasterizeOptions {
  int64_t size = 0;                      ///< Side of the square output image in pixels.
  double focal = 1;                      ///< x_image = focal · X / Z, −1 … 1 across the image: 1 / tan(fov / 2).
  std::vector<double> background = {1};  ///< One value for all channels, or one per channel.
  double background_depth = 0;           ///< Depth where no triangle is seen.
  bool perspective_correct = false;      ///< PyTorch3D 0.2.5 and the published weights: false.
};

struct Rasterized {
  torch::Tensor image;  ///< B×C×S×S
  torch::Tensor depth;  ///< B×S×S, camera-space z
  torch::Tensor faces;  ///< B×S×S int32: the visible triangle, −1 for none. No gradient.
};

/// Draws a grid mesh: one quad per cell of `vertices` (B×H×W×3, camera space: x right, y down, z forward), two
/// triangles each, with per-vertex `attributes` (B×H×W×C). Hard z-buffer, pixel centres at (2i+1)/S − 1, no culling;
/// upper-left triangles are numbered 0 … (H−1)(W−1)−1, lower-right ones follow; the nearer one wins, at equal depth the
/// lower number.
///
/// Barycentrics are edge function / (doubled area + 1e-8) as in PyTorch3D 0.2.5, whose holes are closed: a pixel centre
/// exactly on a common edge shows one of its triangles. A triangle with a vertex that is not finite or nearer than 1e-4
/// is not drawn. Gradients reach vertices (through barycentrics and depth) and attributes; they are bitwise the same
/// for every number of threads. Differentiating twice is an error, except of the reference, whose visibility is
/// found by a plain loop over triangles on the CPU and whose gradients are those of tensor operations.
Rasterized rasterize(const torch::Tensor& vertices, const torch::Tensor& attributes, const RasterizeOptions& options,
                     Implementation implementation = Implementation::fused);

}  // namespace lifted::ops
