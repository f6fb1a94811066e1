// Passes over depth maps: what moves them and what lights them.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

/// The camera as a depth map sees it: sample (u, v) at depth d is the point d·((u − principal) / focal, (v − principal)
/// / focal, 1).
struct SurfaceCamera {
  double focal = 1, principal = 0;
};

/// depth: B×H×W → B×H×W×3 vertices: T·(R·p + offset) + (1 − T)·p for every sample's point p. rotation B×3×3, offset
/// B×3; transform_map B×1×H×W, or undefined for T = 1. Differentiable.
torch::Tensor surface_vertices(const torch::Tensor& depth, const SurfaceCamera& camera, const torch::Tensor& rotation,
                               const torch::Tensor& offset, const torch::Tensor& transform_map,
                               Implementation implementation = Implementation::fused);

struct SurfaceLight {
  torch::Tensor ambient, diffuse, direction;  ///< B, B and B×3
};
struct ShadedSurface {
  torch::Tensor normals;  ///< B×H×W×3
  torch::Tensor shading;  ///< B×1×H×W: ambient + diffuse · max(0, n·d)
  torch::Tensor image;    ///< B×3×H×W: (albedo/2 + 0.5)·shading·2 − 1
};

/// Normals of depth maps (B×H×W, at least 3×3) and, where a light and an albedo (B×3×H×W) are given, their shading.
/// Normals are cross products of central differences, of unit length or divided by it + 1e-7; border samples take their
/// inner neighbour's. Differentiable.
ShadedSurface shade_surface(const torch::Tensor& depth, const SurfaceCamera& camera, bool unit_normals,
                            const SurfaceLight& light = {}, const torch::Tensor& albedo = {},
                            Implementation implementation = Implementation::fused);

}  // namespace lifted::ops
