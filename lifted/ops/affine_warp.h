// Affine maps of whole images with low-pass filters before and after, as adaptive discriminator augmentation needs
// them.
#pragma once

#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

/// The low-pass filter of the symlet with six vanishing moments (12 taps, orthogonal to its even shifts, sum sqrt 2).
const std::vector<float>& sym6_taps();

/// Bilinear sampling with zeros outside, like torch's grid_sample without align_corners, but differentiable in the
/// image to any order (torch's own only once); the grid gets no gradient. image: B×C×H×W; grid: B×h×w×2, normalized.
torch::Tensor sample_bilinear(const torch::Tensor& image, const torch::Tensor& grid);

/// Resamples every image under its own affine map: output pixel x takes the value of input pixel inverse·x, both
/// counted from the image's centre, x right and y down. images: B×C×H×W (float32 or float64); inverse: B×3×3, finite,
/// last row (0, 0, 1). The image goes on beyond its borders as its mirror image for one more side (without repeating
/// the border pixel), then as zeros. Sampling is bilinear at twice the resolution between two sym6 low-pass filters.
/// Because these are orthogonal, maps by whole pixels (and so the identity) are exact to rounding; samples whose matrix
/// is the identity are passed on untouched. A sample's result does not depend on the rest of its batch.
/// Differentiable in the images to any order; in float32 kernels run, identical for any number of threads.
/// Errors: c10::Error on misshapen or non-finite matrices.
/// Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", appendix B, and its public
/// implementation, which pads the whole batch alike and by less: where it reads zeros past its margin (minification by
/// more than sqrt 2, at the outermost pixels), this reads the mirror image.
torch::Tensor affine_warp(const torch::Tensor& images, const torch::Tensor& inverse,
                          Implementation implementation = Implementation::fused);

}  // namespace lifted::ops
