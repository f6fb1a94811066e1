// How far one depth map is from another, as Unsup3D measures it (Wu et al. 2020, section 4.1; unsup3d/model.py).
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/scene/camera.h"

namespace lifted::scene {

/// The camera whose grid lies at the pixel centres of a rendered image, half a pixel inside the field of view: rendered
/// depth and the ground truth of heads are sampled there.
Camera pixel_camera(int64_t size, double fov_degrees = 10);

/// B×S×S of bool without the pixels that lie at its edge: those stay whose 3×3 neighbourhood is wholly inside mask and
/// image.
torch::Tensor eroded(const torch::Tensor& mask);

/// Per image, over the pixels that both eroded masks share. Of an image without such pixels all are NaN.
struct ShapeError {
  torch::Tensor side;         // B: standard deviation of log depth − log true depth: no scale, no offset of log depth
  torch::Tensor mad;          // B: mean angle between the two maps' normals, degrees
  torch::Tensor correlation;  // B: Pearson's of the depths; 0 where one of them is constant
  torch::Tensor pixels;       // B int64
};

/// Depths (z, scene units, positive inside their mask) and masks (bool): B×S×S each, seen by the same camera. Computed
/// in float64. Error if shapes differ, or if a depth inside its mask is not positive and finite.
ShapeError shape_error(const torch::Tensor& depth, const torch::Tensor& mask, const torch::Tensor& true_depth,
                       const torch::Tensor& true_mask, const Camera& camera);

}  // namespace lifted::scene
