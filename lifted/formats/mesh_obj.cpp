#include "lifted/base/error.h"
#include "lifted/formats/mesh_writers.h"
#include "lifted_version.h"

namespace lifted::formats {
namespace {

/// "12", "12/12", "12//12" or "12/12/12": OBJ counts from 1, and all our lists run in step.
std::string corner(const Mesh& mesh, uint32_t vertex) {
  const uint32_t number = vertex + 1;
  if (mesh.textured()) {
    return mesh.normals.empty() ? fmt::format("{0}/{0}", number) : fmt::format("{0}/{0}/{0}", number);
  }
  return mesh.normals.empty() ? fmt::format("{}", number) : fmt::format("{0}//{0}", number);
}

std::string obj_text(const Mesh& mesh, const std::string& stem) {
  std::string text = fmt::format("# {}, liftedgan " LIFTED_VERSION "; metres, +Y up, facing +Z\n", stem);
  if (mesh.textured()) text += fmt::format("mtllib {}.mtl\n", stem);
  text += fmt::format("o {}\n", stem);
  const bool colored = !mesh.textured() && !mesh.colors.empty();
  for (size_t i = 0; i < mesh.positions.size(); ++i) {
    text += fmt::format("v {:.6f}", fmt::join(mesh.positions[i], " "));
    if (colored) {
      const auto& [r, g, b] = mesh.colors[i];
      text += fmt::format(" {:.4f} {:.4f} {:.4f}", r / 255.0, g / 255.0, b / 255.0);
    }
    text += '\n';
  }
  if (mesh.textured()) {
    for (const auto& [u, v] : mesh.uvs) text += fmt::format("vt {:.7f} {:.7f}\n", u, 1 - v);  // OBJ's v points up.
  }
  for (const auto& normal : mesh.normals) text += fmt::format("vn {:.5f}\n", fmt::join(normal, " "));
  if (mesh.textured()) text += fmt::format("usemtl {}\n", stem);
  for (const auto& [a, b, c] : mesh.triangles) {
    text += fmt::format("f {} {} {}\n", corner(mesh, a), corner(mesh, b), corner(mesh, c));
  }
  return text;
}

}  // namespace

void detail::write_obj(const std::filesystem::path& folder, const std::string& stem, const Mesh& mesh) {
  check_mesh(mesh, stem);
  require(stem.find_first_of(" \t\n") == std::string::npos, "mesh {}: OBJ files cannot name a material with spaces",
          stem);
  if (mesh.textured()) {
    write_png(folder / (stem + ".png"), mesh.texture, {.level = 6});
    write_file_atomically(folder / (stem + ".mtl"),
                          fmt::format("newmtl {0}\nKa 0 0 0\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {0}.png\n", stem));
  }
  write_file_atomically(folder / (stem + ".obj"), obj_text(mesh, stem));
}

}  // namespace lifted::formats
