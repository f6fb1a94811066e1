// Fused forward passes over depth maps, for rendering without gradients. What they compute is composed from tensor
// operations in scene/ (depth_grid.h, normals.h, light.h), which is the reference.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::ops {

/// The camera as a depth map sees it: sample (u, v) at depth d is the point d·((u − principal) / focal, (v − principal)
/// / focal, 1).
struct SurfaceCamera {
  double focal = 1, principal = 0;
};

/// Whether the fused passes can stand in for the composed operations: no gradient is wanted of any given tensor, and
/// all defined ones are float tensors on the CPU.
bool surface_fusable(std::initializer_list<torch::Tensor> tensors);

/// B×H×W×3 vertices: T·(R·p + offset) + (1 − T)·p for every sample's point p. rotation B×3×3, offset B×3; transform_map
/// B×1×H×W, or undefined for T = 1.
torch::Tensor surface_vertices(const torch::Tensor& depth, const SurfaceCamera& camera, const torch::Tensor& rotation,
                               const torch::Tensor& offset, const torch::Tensor& transform_map);

struct SurfaceLight {
  torch::Tensor ambient, diffuse, direction;  ///< B, B and B×3
};
struct ShadedSurface {
  torch::Tensor normals;  ///< B×H×W×3
  torch::Tensor shading;  ///< B×1×H×W: ambient + diffuse · max(0, n·d)
  torch::Tensor image;    ///< B×3×H×W: (albedo/2 + 0.5)·shading·2 − 1
};

/// Normals of depth maps (B×H×W) and, where a light and an albedo (B×3×H×W) are given, their shading.
ShadedSurface shade_surface(const torch::Tensor& depth, const SurfaceCamera& camera, bool unit_normals,
                            const SurfaceLight& light = {}, const torch::Tensor& albedo = {});

}  // namespace lifted::ops
