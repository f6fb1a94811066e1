// One distant light over an ambient term: the shading model of the paper (section 3.2) and of Unsup3D.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::scene {

struct Light {
  torch::Tensor ambient;    ///< B
  torch::Tensor diffuse;    ///< B
  torch::Tensor direction;  ///< B×3, unit length, towards the light; (0, 0, 1) is frontal.
};

/// Reads raw lights (B×4, network outputs): ambient L0/2 + 0.5, diffuse L1/2 + 0.5, direction normalize(L2, L3, 1), or
/// (0, 0, 1) when `frontalize`.
Light parse_light(const torch::Tensor& raw_light, bool frontalize = false);

/// B×1×H×W: ambient + diffuse · max(0, n·d) for normals B×H×W×3.
torch::Tensor shading(const torch::Tensor& normals, const Light& light);

/// Albedo (B×3×H×W in −1 … 1) under a shading: (A/2 + 0.5)·shading·2 − 1.
torch::Tensor shade(const torch::Tensor& albedo, const torch::Tensor& shading);

/// The inverse of shade: the albedo that shows `image` under the shading (plus 1e-8).
torch::Tensor unshade(const torch::Tensor& image, const torch::Tensor& shading);

/// Raw light (4 values) of the authors' light sweep: (0.2, 0.8, tan(angle), 0).
torch::Tensor sweep_light(double degrees);

}  // namespace lifted::scene
