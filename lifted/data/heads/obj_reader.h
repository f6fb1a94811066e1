// The parts of Wavefront OBJ that ICT-FaceKit's files use: `v`, `vt` and `f a/b …` lines, vertices first.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads {

/// The file's `v` lines. Error naming the file and line if one is malformed or not finite, or if there are not
/// `expected` of them.
std::vector<Vec3> read_obj_positions(const std::filesystem::path& file, int expected);
/// The same of the file's text.
std::vector<Vec3> parse_obj_positions(std::string_view text, const std::string& file, int expected);

struct ObjMesh {
  std::vector<Vec3> positions;
  std::vector<std::pair<float, float>> texture;  ///< `vt`
  struct Corner {
    int32_t position, texture;  ///< zero-based; texture -1 if absent
  };
  std::vector<std::vector<Corner>> polygons;  ///< 3 or 4 corners each
};

/// Positions, texture coordinates and polygons, all indices checked.
ObjMesh read_obj_mesh(const std::filesystem::path& file, int expected_positions);
/// The same of the file's text.
ObjMesh parse_obj_mesh(std::string_view text, const std::string& file, int expected_positions);

}  // namespace lifted::data::heads
