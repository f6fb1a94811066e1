// Triangle meshes and the files they are written to: glTF binary, PLY and OBJ.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lifted/base/file.h"
#include "lifted/formats/image.h"

namespace lifted::formats {

/// A surface in metres, right-handed with +Y up; what looks at the viewer looks along +Z (glTF's axes, used for every
/// format). All vertex lists are as long as `positions`, or empty.
struct Mesh {
  std::vector<std::array<float, 3>> positions;
  std::vector<std::array<float, 3>> normals;  ///< unit length, outward
  /// 0 … 1 from the texture's top left corner to its bottom right one; texel i's centre is (i + ½) / size.
  std::vector<std::array<float, 2>> uvs;
  std::vector<std::array<uint8_t, 3>> colors;      ///< RGB as in images (sRGB)
  std::vector<std::array<uint32_t, 3>> triangles;  ///< counter-clockwise seen from outside
  Image texture;                                   ///< RGB, or empty
  bool textured() const { return !texture.pixels.empty(); }
};

/// Error that names `name` unless lists fit together, indices exist, numbers are finite, and there is a triangle.
void check_mesh(const Mesh& mesh, std::string_view name);

/// The file of a binary glTF 2.0 asset with one node `name`: positions, normals and a matt material, double-sided
/// because the surface is open. A textured mesh carries its texture as an embedded PNG; any other its colours (linear,
/// 16-bit). Khronos glTF 2.0 specification, section 4.
Bytes encode_glb(const Mesh& mesh, const std::string& name);
/// A binary little-endian PLY file: positions, normals, and colours where there are any.
Bytes encode_ply(const Mesh& mesh, const std::string& name);

/// "glb", "ply", "obj".
const std::vector<std::string>& mesh_formats();

/// Writes `folder`/`stem`.`format`, for OBJ with `stem`.mtl and `stem`.png beside it where the mesh is textured (else
/// colours follow the positions, as most readers understand). Every file appears whole or not at all, and the one that
/// names others last. UsageError for a format that is not among mesh_formats().
void write_mesh(const std::filesystem::path& folder, const std::string& stem, const std::string& format,
                const Mesh& mesh);

}  // namespace lifted::formats
