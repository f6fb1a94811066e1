#include "lifted/base/error.h"
#include "lifted/formats/mesh_writers.h"
#include "lifted_version.h"

namespace lifted::formats {
namespace {

std::string header(const Mesh& mesh, const std::string& name) {
  std::string text = "ply\nformat binary_little_endian 1.0\n";
  text += fmt::format("comment {}, liftedgan " LIFTED_VERSION "; metres, +Y up, facing +Z\n", name);
  text +=
      fmt::format("element vertex {}\nproperty float x\nproperty float y\nproperty float z\n", mesh.positions.size());
  if (!mesh.normals.empty()) text += "property float nx\nproperty float ny\nproperty float nz\n";
  if (!mesh.colors.empty()) text += "property uchar red\nproperty uchar green\nproperty uchar blue\n";
  return text +
         fmt::format("element face {}\nproperty list uchar int vertex_indices\nend_header\n", mesh.triangles.size());
}

}  // namespace

Bytes encode_ply(const Mesh& mesh, const std::string& name) {
  check_mesh(mesh, name);
  require(mesh.positions.size() <= INT32_MAX, "mesh {}: {} vertices are more than a PLY file can number", name,
          mesh.positions.size());
  const std::string text = header(mesh, name);
  Bytes bytes;
  bytes.reserve(text.size() + mesh.positions.size() * 27 + mesh.triangles.size() * 13);
  detail::append_bytes(bytes, text.data(), text.size());
  for (size_t i = 0; i < mesh.positions.size(); ++i) {
    detail::append_value(bytes, mesh.positions[i]);
    if (!mesh.normals.empty()) detail::append_value(bytes, mesh.normals[i]);
    if (!mesh.colors.empty()) detail::append_value(bytes, mesh.colors[i]);
  }
  for (const auto& triangle : mesh.triangles) {
    detail::append_value(bytes, uint8_t{3});
    detail::append_value(bytes, triangle);
  }
  return bytes;
}

}  // namespace lifted::formats
