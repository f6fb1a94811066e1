// From an estimate to a mesh that other programs open.
#pragma once

#include "lifted/formats/mesh.h"
#include "lifted/model/lifted_gan.h"

namespace lifted::model {

/// What the camera sees at depth 1 is this high, in metres: a head that fills the picture as faces do in face data sets
/// comes out about 0.25 m tall.
inline constexpr double kMeshPictureHeight = 0.3;

struct HeadMeshOptions {
  torch::Tensor view = {};  ///< 1×6 raw; undefined: the canonical pose
  bool trim = true;         ///< Only what moves with the head: see head_mesh
  double trim_depth = 0;    ///< The deepest canonical depth to keep, scene units; 0: border_depth − 0.01
  int64_t resolution = 0;   ///< Vertices per side of the grid before trimming; 0: one per sample of the depth map
  double decimate = 1;      ///< Share of the triangles to keep, 0 … 1
};

/// Metres per scene unit: kMeshPictureHeight / (2·tan(fov / 2)).
double mesh_scale(const LiftedGan& gan);

/// The surface of one estimate (batch 1) as LiftedGan::render warps it, with smooth normals, the albedo as texture, and
/// per vertex its texture coordinate (texel centres, so that sample (i, j) of the depth map shows texel (i, j)) and its
/// colour. Scene (x right, y down, z away, rotation centre C) becomes metres·(x, −y, −(z − C)).
///
/// Trimming keeps samples whose canonical depth is at most trim_depth and whose transformation map is at least ½, and
/// of these the largest connected surface. Its edge is smooth: it follows the line that a blur by one and a half
/// samples leaves half head, through the grid's cells, with new vertices (interpolated like everything they carry)
/// where it crosses their edges. Depth is smoothed along the edge, and with the texture continued a few samples beyond
/// it, so that it shows none of what lies behind. Error if nothing is left, or the estimate holds values that are not
/// finite.
formats::Mesh head_mesh(const LiftedGan& gan, const Estimate& estimate, const HeadMeshOptions& options = {});

}  // namespace lifted::model
