// Internal: the one thing that meshes need meshoptimizer for.
#pragma once

#include "lifted/formats/mesh.h"

namespace lifted::formats::detail {

/// About `wanted` of the mesh's triangles, by edge collapses; corners are vertices of the mesh. Error where the build
/// has no meshoptimizer.
std::vector<std::array<uint32_t, 3>> simplified(const Mesh& mesh, size_t wanted);

}  // namespace lifted::formats::detail
