// Meshes as files: what the bytes say, and what another library reads from them.
#include "lifted/formats/mesh.h"

#include <assimp/postprocess.h>
#include <assimp/scene.h>
#include <gmock/gmock.h>

#include <assimp/Importer.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>

#include "lifted/base/error.h"
#include "lifted/formats/mesh_ops.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::formats {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

/// A wavy square of side×side vertices that faces +Z, textured and coloured.
Mesh wavy_square(int side) {
  Mesh mesh;
  mesh.texture = test::smooth_image(side, side);
  const auto n = static_cast<uint32_t>(side);
  for (uint32_t row = 0; row < n; ++row) {
    for (uint32_t column = 0; column < n; ++column) {
      const float x = 0.01F * static_cast<float>(column), y = -0.01F * static_cast<float>(row);
      mesh.positions.push_back({x, y, 0.02F * std::sin(40 * x) * std::cos(30 * y)});
      mesh.uvs.push_back({(static_cast<float>(column) + 0.5F) / static_cast<float>(side),
                          (static_cast<float>(row) + 0.5F) / static_cast<float>(side)});
      const uint8_t* pixel = mesh.texture.at(static_cast<int>(column), static_cast<int>(row));
      mesh.colors.push_back({pixel[0], pixel[1], pixel[2]});
      if (row + 1 == n || column + 1 == n) continue;
      const uint32_t top = row * n + column, bottom = top + n;
      mesh.triangles.push_back({top, bottom, top + 1});
      mesh.triangles.push_back({top + 1, bottom, bottom + 1});
    }
  }
  mesh.normals = smooth_normals(mesh);
  return mesh;
}

Mesh colored_square(int side) {
  Mesh mesh = wavy_square(side);
  mesh.texture = {};
  return mesh;
}

/// A GLB file taken apart, with the promises of its container checked.
struct Glb {
  nlohmann::json json;
  std::vector<uint8_t> binary;

  explicit Glb(const Bytes& file) {
    const auto word = [&](size_t at) {
      uint32_t value = 0;
      std::memcpy(&value, file.data() + at, 4);
      return value;
    };
    EXPECT_EQ(std::memcmp(file.data(), "glTF", 4), 0);
    EXPECT_EQ(word(4), 2U);
    EXPECT_EQ(word(8), file.size());
    const size_t json_size = word(12);
    EXPECT_EQ(json_size % 4, 0U);
    EXPECT_EQ(std::memcmp(file.data() + 16, "JSON", 4), 0);
    const char* text = reinterpret_cast<const char*>(file.data()) + 20;
    json = nlohmann::json::parse(text, text + json_size);
    const size_t binary_size = word(20 + json_size);
    EXPECT_EQ(binary_size % 4, 0U);
    EXPECT_EQ(std::memcmp(file.data() + 24 + json_size, "BIN\0", 4), 0);
    EXPECT_EQ(28 + json_size + binary_size, file.size());
    EXPECT_EQ(json["buffers"][0]["byteLength"], binary_size);
    const auto* first = reinterpret_cast<const uint8_t*>(file.data()) + 28 + json_size;
    binary.assign(first, first + binary_size);
  }

  const nlohmann::json& primitive() const { return json["meshes"][0]["primitives"][0]; }
  const nlohmann::json& accessor(const char* attribute) const {
    return json["accessors"][primitive()["attributes"][attribute].get<size_t>()];
  }
  /// The accessor's numbers, and the checks that every accessor must pass.
  template <typename T>
  std::vector<T> values(const nlohmann::json& accessor, size_t components) const {
    const auto& view = json["bufferViews"][accessor["bufferView"].get<size_t>()];
    const size_t offset = view["byteOffset"], size = view["byteLength"], count = accessor["count"];
    EXPECT_EQ(offset % 4, 0U);
    EXPECT_EQ(size, count * components * sizeof(T));
    EXPECT_LE(offset + size, binary.size());
    std::vector<T> list(count * components);
    std::memcpy(list.data(), binary.data() + offset, size);
    return list;
  }
};

TEST(Glb, ContainerAndAccessorsFitTheMesh) {
  const Mesh mesh = wavy_square(9);
  const Glb glb(encode_glb(mesh, "head"));
  EXPECT_EQ(glb.json["asset"]["version"], "2.0");
  EXPECT_EQ(glb.json["nodes"][0]["name"], "head");
  for (const char* attribute : {"POSITION", "NORMAL", "TEXCOORD_0"}) {
    EXPECT_EQ(glb.accessor(attribute)["count"], 81U) << attribute;
    EXPECT_EQ(glb.accessor(attribute)["componentType"], 5126) << attribute;
  }
  EXPECT_FALSE(glb.primitive()["attributes"].contains("COLOR_0")) << "colours would darken the texture";
  const auto positions = glb.values<float>(glb.accessor("POSITION"), 3);
  EXPECT_EQ(std::memcmp(positions.data(), mesh.positions.data(), positions.size() * 4), 0);
  const auto indices = glb.values<uint32_t>(glb.json["accessors"][glb.primitive()["indices"].get<size_t>()], 1);
  EXPECT_EQ(indices.size(), 8 * 8 * 2 * 3U);
  EXPECT_EQ(std::memcmp(indices.data(), mesh.triangles.data(), indices.size() * 4), 0);
}

TEST(Glb, BoundsAreExact) {
  const Mesh mesh = wavy_square(6);
  const Glb glb(encode_glb(mesh, "head"));
  for (size_t axis = 0; axis < 3; ++axis) {
    float low = mesh.positions[0][axis], high = low;
    for (const auto& position : mesh.positions)
      low = std::min(low, position[axis]), high = std::max(high, position[axis]);
    EXPECT_EQ(glb.accessor("POSITION")["min"][axis].get<double>(), double{low});
    EXPECT_EQ(glb.accessor("POSITION")["max"][axis].get<double>(), double{high});
  }
}

TEST(Glb, EmbedsTheTextureAsPng) {
  const Mesh mesh = wavy_square(7);
  const Glb glb(encode_glb(mesh, "head"));
  EXPECT_EQ(glb.json["images"][0]["mimeType"], "image/png");
  const auto& view = glb.json["bufferViews"][glb.json["images"][0]["bufferView"].get<size_t>()];
  const Image read = read_image(glb.binary.data() + view["byteOffset"].get<size_t>(), view["byteLength"], "texture");
  EXPECT_EQ(read, mesh.texture);
}

TEST(Glb, VertexColoursAreLinear) {
  Mesh mesh = colored_square(3);
  mesh.colors[0] = {0, 255, 188};  // 188 is half of the light.
  const Glb glb(encode_glb(mesh, "head"));
  EXPECT_FALSE(glb.json.contains("images"));
  EXPECT_FALSE(glb.primitive()["attributes"].contains("TEXCOORD_0"));
  EXPECT_TRUE(glb.accessor("COLOR_0")["normalized"].get<bool>());
  const auto colors = glb.values<uint16_t>(glb.accessor("COLOR_0"), 4);
  EXPECT_EQ(colors[0], 0);
  EXPECT_EQ(colors[1], 65535);
  EXPECT_NEAR(colors[2] / 65535.0, 0.5, 0.003);
  EXPECT_EQ(colors[3], 65535);
}

struct Scene {
  Assimp::Importer importer;
  const aiScene* scene = nullptr;
  const aiMesh& mesh() const { return *scene->mMeshes[0]; }
};

void read_with_assimp(Scene& result, const fs::path& file, unsigned steps = 0) {
  result.scene = result.importer.ReadFile(file.string(), steps);
  ASSERT_NE(result.scene, nullptr) << result.importer.GetErrorString();
  ASSERT_EQ(result.scene->mNumMeshes, 1U);
}

void expect_same_surface(const aiMesh& read, const Mesh& mesh, double tolerance) {
  ASSERT_EQ(read.mNumVertices, mesh.positions.size());
  ASSERT_EQ(read.mNumFaces, mesh.triangles.size());
  ASSERT_TRUE(read.HasNormals());
  for (size_t i = 0; i < mesh.positions.size(); ++i) {
    for (unsigned axis = 0; axis < 3; ++axis) {
      ASSERT_NEAR(read.mVertices[i][axis], mesh.positions[i][axis], tolerance) << i;
      ASSERT_NEAR(read.mNormals[i][axis], mesh.normals[i][axis], 10 * tolerance) << i;
    }
  }
  for (size_t i = 0; i < mesh.triangles.size(); ++i) {
    for (unsigned k = 0; k < 3; ++k) ASSERT_EQ(read.mFaces[i].mIndices[k], mesh.triangles[i][k]) << i;
  }
}

void expect_same_texture_coordinates(const aiMesh& read, const Mesh& mesh) {
  ASSERT_TRUE(read.HasTextureCoords(0));
  for (size_t i = 0; i < mesh.uvs.size(); ++i) {  // Assimp's v points up.
    ASSERT_NEAR(read.mTextureCoords[0][i].x, mesh.uvs[i][0], 1e-6) << i;
    ASSERT_NEAR(read.mTextureCoords[0][i].y, 1 - mesh.uvs[i][1], 1e-6) << i;
  }
}

std::string texture_path(const Scene& scene) {
  aiString path;
  scene.scene->mMaterials[scene.mesh().mMaterialIndex]->GetTexture(aiTextureType_DIFFUSE, 0, &path);
  return path.C_Str();
}

TEST(Assimp, ReadsTheGlb) {
  const TemporaryFolder folder;
  const Mesh mesh = wavy_square(12);
  write_mesh(folder.path(), "head", "glb", mesh);
  Scene scene;
  read_with_assimp(scene, folder / "head.glb");
  expect_same_surface(scene.mesh(), mesh, 0);
  expect_same_texture_coordinates(scene.mesh(), mesh);
  ASSERT_EQ(scene.scene->mNumTextures, 1U);
  const aiTexture& texture = *scene.scene->mTextures[0];
  ASSERT_EQ(texture.mHeight, 0U) << "an embedded file, not raw texels";
  EXPECT_EQ(read_image(texture.pcData, texture.mWidth, "embedded texture"), mesh.texture);
  EXPECT_EQ(texture_path(scene), "*0");
}

TEST(Assimp, ReadsThePlyWithItsColours) {
  const TemporaryFolder folder;
  const Mesh mesh = wavy_square(12);
  write_mesh(folder.path(), "head", "ply", mesh);
  Scene scene;
  read_with_assimp(scene, folder / "head.ply");
  expect_same_surface(scene.mesh(), mesh, 0);
  ASSERT_TRUE(scene.mesh().HasVertexColors(0));
  for (size_t i = 0; i < mesh.colors.size(); ++i) {
    ASSERT_NEAR(scene.mesh().mColors[0][i].r * 255, mesh.colors[i][0], 1e-3);
    ASSERT_NEAR(scene.mesh().mColors[0][i].b * 255, mesh.colors[i][2], 1e-3);
  }
}

TEST(Assimp, ReadsTheObjWithItsTexture) {
  const TemporaryFolder folder;
  const Mesh mesh = wavy_square(12);
  write_mesh(folder.path(), "head", "obj", mesh);
  Scene scene;
  read_with_assimp(scene, folder / "head.obj", aiProcess_JoinIdenticalVertices);
  EXPECT_EQ(scene.mesh().mNumVertices, mesh.positions.size());
  EXPECT_EQ(scene.mesh().mNumFaces, mesh.triangles.size());
  EXPECT_EQ(texture_path(scene), "head.png");
  EXPECT_EQ(read_image(folder / "head.png"), mesh.texture);
  const unsigned* corners = scene.mesh().mFaces[0].mIndices;
  for (unsigned k = 0; k < 3; ++k) {
    const uint32_t vertex = mesh.triangles[0][k];
    EXPECT_NEAR(scene.mesh().mVertices[corners[k]].y, mesh.positions[vertex][1], 1e-6);
    EXPECT_NEAR(scene.mesh().mNormals[corners[k]].z, mesh.normals[vertex][2], 1e-5);
    EXPECT_NEAR(scene.mesh().mTextureCoords[0][corners[k]].x, mesh.uvs[vertex][0], 1e-6);
    EXPECT_NEAR(scene.mesh().mTextureCoords[0][corners[k]].y, 1 - mesh.uvs[vertex][1], 1e-6);
  }
}

TEST(Assimp, ReadsColouredGlbAndObj) {
  const TemporaryFolder folder;
  const Mesh mesh = colored_square(5);
  for (const char* format : {"glb", "obj"}) {
    write_mesh(folder.path(), "head", format, mesh);
    Scene scene;
    read_with_assimp(scene, folder / (std::string("head.") + format), aiProcess_JoinIdenticalVertices);
    EXPECT_EQ(scene.mesh().mNumVertices, 25U) << format;
    EXPECT_TRUE(scene.mesh().HasVertexColors(0)) << format;
  }
  EXPECT_FALSE(fs::exists(folder / "head.mtl"));
}

TEST(WriteMesh, RefusesWhatIsNoMesh) {
  const TemporaryFolder folder;
  const auto message = [&](const auto& damage) {
    Mesh mesh = wavy_square(3);
    damage(mesh);
    for (const std::string& format : mesh_formats()) {
      const std::string error = error_of([&] { write_mesh(folder.path(), "head", format, mesh); });
      EXPECT_NE(error, "(no error)") << format;
      EXPECT_THAT(error, HasSubstr("mesh head"));
    }
    return error_of([&] { check_mesh(mesh, "head"); });
  };
  EXPECT_THAT(message([](Mesh& mesh) { mesh.triangles.clear(); }), HasSubstr("no triangle"));
  EXPECT_THAT(message([](Mesh& mesh) { mesh.triangles[1][2] = 9; }), HasSubstr("vertex 9 of 9"));
  EXPECT_THAT(message([](Mesh& mesh) { mesh.normals.pop_back(); }), HasSubstr("8 normals for 9 vertices"));
  EXPECT_THAT(message([](Mesh& mesh) { mesh.uvs.clear(); }), HasSubstr("without texture coordinates"));
  EXPECT_THAT(message([](Mesh& mesh) { mesh.positions[4][1] = std::numeric_limits<float>::quiet_NaN(); }),
              HasSubstr("not finite"));
  EXPECT_TRUE(fs::is_empty(folder.path())) << "nothing half-written";
  EXPECT_THROW(write_mesh(folder.path(), "head", "stl", wavy_square(3)), UsageError);
}

TEST(MeshOps, CompactingDropsUnusedVerticesOnly) {
  Mesh mesh = wavy_square(3);
  mesh.triangles = {{4, 7, 5}};
  const Mesh small = compacted(mesh);
  ASSERT_EQ(small.positions.size(), 3U);
  EXPECT_EQ(small.triangles[0], (std::array<uint32_t, 3>{0, 2, 1}));
  EXPECT_EQ(small.positions[1], mesh.positions[5]);
  EXPECT_EQ(small.uvs[2], mesh.uvs[7]);
  EXPECT_EQ(small.colors[0], mesh.colors[4]);
  EXPECT_EQ(small.normals[0], mesh.normals[4]);
  EXPECT_EQ(small.texture, mesh.texture);
}

TEST(MeshOps, LargestComponentIsByTrianglesWhereverItStands) {
  for (const bool small_first : {true, false}) {
    const Mesh small = wavy_square(2), large = wavy_square(4);
    Mesh both = small_first ? small : large;
    const auto offset = static_cast<uint32_t>(both.positions.size());
    const Mesh& second = small_first ? large : small;
    both.positions.insert(both.positions.end(), second.positions.begin(), second.positions.end());
    for (const auto& [a, b, c] : second.triangles) both.triangles.push_back({a + offset, b + offset, c + offset});
    both.normals.clear(), both.uvs.clear(), both.colors.clear();
    const Mesh kept = largest_component(both);
    EXPECT_EQ(kept.positions, large.positions);
    EXPECT_EQ(kept.triangles, large.triangles);
  }
  EXPECT_TRUE(largest_component(Mesh()).positions.empty());
}

TEST(MeshOps, SmoothNormalsOfASphereAreItsRadii) {
  Mesh sphere;
  constexpr uint32_t rings = 32, spokes = 64;
  for (uint32_t ring = 0; ring <= rings; ++ring) {
    for (uint32_t spoke = 0; spoke < spokes; ++spoke) {
      const double polar = (ring + 0.5) / (rings + 1) * std::numbers::pi,
                   around = spoke * 2 * std::numbers::pi / spokes;
      sphere.positions.push_back({static_cast<float>(std::sin(polar) * std::cos(around)),
                                  static_cast<float>(std::cos(polar)),
                                  static_cast<float>(-std::sin(polar) * std::sin(around))});
      if (ring == rings) continue;
      const uint32_t next = ring * spokes + (spoke + 1) % spokes, top = ring * spokes + spoke;
      sphere.triangles.push_back({top, top + spokes, next});
      sphere.triangles.push_back({next, top + spokes, next + spokes});
    }
  }
  const auto normals = smooth_normals(sphere);
  for (size_t i = 2 * spokes; i < (rings - 2) * spokes; ++i) {
    for (size_t axis = 0; axis < 3; ++axis) ASSERT_NEAR(normals[i][axis], sphere.positions[i][axis], 0.02) << i;
  }
  Mesh degenerate;
  degenerate.positions = {{0, 0, 0}, {1, 1, 1}, {2, 2, 2}};
  degenerate.triangles = {{0, 1, 2}};
  EXPECT_EQ(smooth_normals(degenerate)[1], (std::array<float, 3>{0, 0, 1}));
}

TEST(MeshOps, DecimationKeepsTheShapeWithFewerTriangles) {
  const Mesh mesh = wavy_square(33);
  const Mesh small = decimated(mesh, 0.25);
  EXPECT_LE(small.triangles.size(), mesh.triangles.size() / 4);
  EXPECT_GE(small.triangles.size(), mesh.triangles.size() / 5);
  check_mesh(small, "decimated");
  for (size_t i = 0; i < small.positions.size(); ++i) {
    EXPECT_NE(std::find(mesh.positions.begin(), mesh.positions.end(), small.positions[i]), mesh.positions.end());
  }
  double facing = 0, turned = 0;  // Area seen from the front: what faces the viewer, and what turned over.
  for (const auto& [a, b, c] : small.triangles) {
    const auto &p = small.positions[a], &q = small.positions[b], &r = small.positions[c];
    const double area = ((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])) / 2;
    (area > 0 ? facing : turned) += area;
  }
  EXPECT_NEAR(facing + turned, 0.32 * 0.32, 1e-6) << "the outline is kept";
  EXPECT_GT(turned, -0.005 * facing);
  EXPECT_EQ(decimated(mesh, 1).triangles, mesh.triangles);
  for (const double ratio : {0.0, -1.0, 1.5, std::nan("")}) EXPECT_THROW(decimated(mesh, ratio), Error) << ratio;
}

}  // namespace
}  // namespace lifted::formats
