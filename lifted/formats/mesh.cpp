#include "lifted/formats/mesh.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/error.h"
#include "lifted/formats/mesh_writers.h"

namespace lifted::formats {
namespace {

template <typename List>
void check_list(const List& list, const Mesh& mesh, std::string_view name, const char* what) {
  require(list.empty() || list.size() == mesh.positions.size(), "mesh {}: {} {} for {} vertices", name, list.size(),
          what, mesh.positions.size());
}

template <size_t N>
bool all_finite(const std::vector<std::array<float, N>>& list) {
  return std::all_of(list.begin(), list.end(), [](const auto& values) {
    return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
  });
}

}  // namespace

void check_mesh(const Mesh& mesh, std::string_view name) {
  require(!mesh.triangles.empty(), "mesh {}: there is no triangle to write", name);
  require(mesh.positions.size() < UINT32_MAX, "mesh {}: {} vertices are more than 32 bits can number", name,
          mesh.positions.size());
  check_list(mesh.normals, mesh, name, "normals");
  check_list(mesh.uvs, mesh, name, "texture coordinates");
  check_list(mesh.colors, mesh, name, "colours");
  require(!mesh.textured() || !mesh.uvs.empty(), "mesh {}: a texture without texture coordinates", name);
  require(all_finite(mesh.positions) && all_finite(mesh.normals) && all_finite(mesh.uvs),
          "mesh {}: holds coordinates that are not finite", name);
  for (const auto& triangle : mesh.triangles) {
    for (const uint32_t vertex : triangle) {
      require(vertex < mesh.positions.size(), "mesh {}: a triangle names vertex {} of {}", name, vertex,
              mesh.positions.size());
    }
  }
}

const std::vector<std::string>& mesh_formats() {
  static const std::vector<std::string> formats = {"glb", "ply", "obj"};
  return formats;
}

void write_mesh(const std::filesystem::path& folder, const std::string& stem, const std::string& format,
                const Mesh& mesh) {
  if (format == "obj") return detail::write_obj(folder, stem, mesh);
  if (format != "glb" && format != "ply") {
    usage_error("mesh format {}: expected one of {}", format, fmt::join(mesh_formats(), ", "));
  }
  const Bytes bytes = format == "glb" ? encode_glb(mesh, stem) : encode_ply(mesh, stem);
  write_file_atomically(folder / (stem + "." + format), bytes.data(), bytes.size());
}

}  // namespace lifted::formats
