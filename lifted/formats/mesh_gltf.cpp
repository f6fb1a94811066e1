#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lifted/base/error.h"
#include "lifted/formats/mesh_writers.h"
#include "lifted_version.h"

namespace lifted::formats {
namespace {

using Json = nlohmann::ordered_json;
using detail::append_bytes, detail::append_value;

// Names of the specification's numbers.
constexpr int kFloat = 5126, kUnsignedInt = 5125, kUnsignedShort = 5123;
constexpr int kArrayBuffer = 34962, kElementArrayBuffer = 34963;
constexpr int kLinear = 9729, kLinearMipmapLinear = 9987, kClampToEdge = 33071;
constexpr uint32_t kGlbMagic = 0x46546C67, kJsonChunk = 0x4E4F534A, kBinaryChunk = 0x004E4942;

/// The asset under construction: its description, and the binary chunk that it points into.
struct Asset {
  Json json;
  Bytes binary;

  void pad(size_t alignment = 4) {
    while (binary.size() % alignment != 0) binary.push_back(std::byte{0});
  }
  /// The index of a new buffer view. `target` 0 is for what is no vertex data.
  size_t add_view(const void* data, size_t size, int target) {
    pad();
    Json view = {{"buffer", 0}, {"byteOffset", binary.size()}, {"byteLength", size}};
    if (target != 0) view["target"] = target;
    append_bytes(binary, data, size);
    json["bufferViews"].push_back(view);
    return json["bufferViews"].size() - 1;
  }
  size_t add_accessor(Json accessor) {
    json["accessors"].push_back(std::move(accessor));
    return json["accessors"].size() - 1;
  }
  template <typename T, size_t N>
  size_t add_vectors(const std::vector<std::array<T, N>>& list, int component) {
    const size_t view = add_view(list.data(), list.size() * sizeof(list[0]), kArrayBuffer);
    Json accessor = {{"bufferView", view}, {"componentType", component}, {"count", list.size()}};
    accessor["type"] = fmt::format("VEC{}", N);
    if (component != kFloat) accessor["normalized"] = true;
    return add_accessor(std::move(accessor));
  }
};

/// glTF's vertex colours are linear, images are sRGB (IEC 61966-2-1). Four values keep each vertex on 4-byte
/// boundaries.
std::vector<std::array<uint16_t, 4>> linear_colors(const Mesh& mesh) {
  std::array<uint16_t, 256> table{};
  for (size_t i = 0; i < table.size(); ++i) {
    const double v = static_cast<double>(i) / 255;
    const double linear = v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
    table[i] = static_cast<uint16_t>(std::lround(linear * 65535));
  }
  std::vector<std::array<uint16_t, 4>> colors;
  colors.reserve(mesh.colors.size());
  for (const auto& [r, g, b] : mesh.colors) colors.push_back({table[r], table[g], table[b], 65535});
  return colors;
}

size_t add_positions(Asset& asset, const Mesh& mesh) {
  std::array<float, 3> low = mesh.positions[0], high = low;
  for (const auto& position : mesh.positions) {
    for (size_t axis = 0; axis < 3; ++axis) {
      low[axis] = std::min(low[axis], position[axis]);
      high[axis] = std::max(high[axis], position[axis]);
    }
  }
  const size_t accessor = asset.add_vectors(mesh.positions, kFloat);
  asset.json["accessors"][accessor]["min"] = low;
  asset.json["accessors"][accessor]["max"] = high;
  return accessor;
}

size_t add_triangles(Asset& asset, const Mesh& mesh) {
  const size_t view =
      asset.add_view(mesh.triangles.data(), mesh.triangles.size() * sizeof(mesh.triangles[0]), kElementArrayBuffer);
  return asset.add_accessor({{"bufferView", view},
                             {"componentType", kUnsignedInt},
                             {"count", mesh.triangles.size() * 3},
                             {"type", "SCALAR"}});
}

void add_texture(Asset& asset, const Image& texture) {
  const Bytes png = encode_png(texture, {.level = 6});
  const size_t view = asset.add_view(png.data(), png.size(), 0);
  asset.json["images"] = {{{"bufferView", view}, {"mimeType", "image/png"}}};
  asset.json["samplers"] = {
      {{"magFilter", kLinear}, {"minFilter", kLinearMipmapLinear}, {"wrapS", kClampToEdge}, {"wrapT", kClampToEdge}}};
  asset.json["textures"] = {{{"sampler", 0}, {"source", 0}}};
  asset.json["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"] = {{"index", 0}};
}

/// Everything but the buffer's own size.
Asset build(const Mesh& mesh, const std::string& name) {
  Asset asset;
  asset.json = {{"asset", {{"version", "2.0"}, {"generator", "liftedgan " LIFTED_VERSION}}},
                {"scene", 0},
                {"scenes", {{{"nodes", {0}}}}},
                {"nodes", {{{"mesh", 0}, {"name", name}}}}};
  asset.json["materials"] = {{{"name", name},
                              {"doubleSided", true},
                              {"pbrMetallicRoughness", {{"metallicFactor", 0.0}, {"roughnessFactor", 1.0}}}}};
  Json attributes = {{"POSITION", add_positions(asset, mesh)}};
  if (!mesh.normals.empty()) attributes["NORMAL"] = asset.add_vectors(mesh.normals, kFloat);
  if (mesh.textured()) {
    attributes["TEXCOORD_0"] = asset.add_vectors(mesh.uvs, kFloat);
  } else if (!mesh.colors.empty()) {
    attributes["COLOR_0"] = asset.add_vectors(linear_colors(mesh), kUnsignedShort);
  }
  const size_t indices = add_triangles(asset, mesh);
  asset.json["meshes"] = {
      {{"name", name}, {"primitives", {{{"attributes", attributes}, {"indices", indices}, {"material", 0}}}}}};
  if (mesh.textured()) add_texture(asset, mesh.texture);
  asset.pad();
  return asset;
}

void append_chunk(Bytes& file, uint32_t type, const void* data, size_t size) {
  append_value(file, static_cast<uint32_t>(size));
  append_value(file, type);
  append_bytes(file, data, size);
}

}  // namespace

Bytes encode_glb(const Mesh& mesh, const std::string& name) {
  check_mesh(mesh, name);
  Asset asset = build(mesh, name);
  asset.json["buffers"] = {{{"byteLength", asset.binary.size()}}};
  std::string json = asset.json.dump();
  json.resize((json.size() + 3) / 4 * 4, ' ');
  const size_t size = 12 + 8 + json.size() + 8 + asset.binary.size();
  require(size < UINT32_MAX, "mesh {}: {} bytes are more than a GLB file can hold", name, size);
  Bytes file;
  file.reserve(size);
  for (const uint32_t value : {kGlbMagic, uint32_t{2}, static_cast<uint32_t>(size)}) append_value(file, value);
  append_chunk(file, kJsonChunk, json.data(), json.size());
  append_chunk(file, kBinaryChunk, asset.binary.data(), asset.binary.size());
  return file;
}

}  // namespace lifted::formats
