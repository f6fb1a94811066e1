// In place of mesh_simplify.cpp where a build has no meshoptimizer.
#include "lifted/base/parts.h"
#include "lifted/formats/mesh_simplify.h"

namespace lifted::formats::detail {

std::vector<std::array<uint32_t, 3>> simplified(const Mesh&, size_t) {
  left_out("fewer triangles", "meshoptimizer", "LIFTED_MESHOPTIMIZER");
}

}  // namespace lifted::formats::detail
