#include "lifted/formats/mesh_simplify.h"

#include <meshoptimizer.h>

namespace lifted::formats::detail {

std::vector<std::array<uint32_t, 3>> simplified(const Mesh& mesh, size_t wanted) {
  constexpr float any_error = 1;  // Relative to the mesh's extent: the count alone decides.
  std::vector<std::array<uint32_t, 3>> triangles(mesh.triangles.size());
  const size_t left = meshopt_simplify(triangles[0].data(), mesh.triangles[0].data(), mesh.triangles.size() * 3,
                                       mesh.positions[0].data(), mesh.positions.size(), sizeof(mesh.positions[0]),
                                       wanted * 3, any_error, 0, nullptr);
  triangles.resize(left / 3);
  return triangles;
}

}  // namespace lifted::formats::detail
