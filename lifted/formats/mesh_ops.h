// Operations on triangle meshes. Nothing here touches its arguments.
#pragma once

#include "lifted/formats/mesh.h"

namespace lifted::formats {

/// Without the vertices that no triangle uses; the others keep their order.
Mesh compacted(const Mesh& mesh);

/// The connected part (triangles that share vertices) with the most triangles; of equals, the one that comes first.
Mesh largest_component(const Mesh& mesh);

/// Per vertex the unit sum of its triangles' normals, weighted by their area; +Z where that is nothing.
std::vector<std::array<float, 3>> smooth_normals(const Mesh& mesh);

/// About `ratio` (0 … 1) as many triangles, by edge collapses that move the surface least (meshoptimizer). What remains
/// are vertices of the original with all they carry. Fewer collapse where the shape's topology allows no more.
Mesh decimated(const Mesh& mesh, double ratio);

}  // namespace lifted::formats
