#include "lifted/formats/mesh_ops.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lifted/base/error.h"
#include "lifted/formats/mesh_simplify.h"

namespace lifted::formats {
namespace {

using Vector = std::array<double, 3>;

Vector difference(const std::array<float, 3>& a, const std::array<float, 3>& b) {
  return {double{a[0]} - b[0], double{a[1]} - b[1], double{a[2]} - b[2]};
}

Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

/// Which vertices hang together, as a forest over vertex numbers.
class Components {
 public:
  explicit Components(const Mesh& mesh) : parent_(mesh.positions.size()) {
    std::iota(parent_.begin(), parent_.end(), 0U);
    for (const auto& [a, b, c] : mesh.triangles) {
      join(a, b);
      join(b, c);
    }
  }
  uint32_t root(uint32_t vertex) {
    while (parent_[vertex] != vertex) vertex = parent_[vertex] = parent_[parent_[vertex]];
    return vertex;
  }

 private:
  void join(uint32_t a, uint32_t b) {
    const auto [low, high] = std::minmax({root(a), root(b)});
    parent_[high] = low;
  }
  std::vector<uint32_t> parent_;
};

template <typename T>
std::vector<T> picked(const std::vector<T>& list, const std::vector<uint32_t>& vertices) {
  std::vector<T> result;
  if (list.empty()) return result;
  result.reserve(vertices.size());
  for (const uint32_t vertex : vertices) result.push_back(list[vertex]);
  return result;
}

Mesh with_triangles(const Mesh& mesh, std::vector<std::array<uint32_t, 3>> triangles) {
  Mesh result = mesh;
  result.triangles = std::move(triangles);
  return compacted(result);
}

}  // namespace

Mesh compacted(const Mesh& mesh) {
  std::vector<uint32_t> number(mesh.positions.size(), 0), kept;
  for (const auto& triangle : mesh.triangles) {
    for (const uint32_t vertex : triangle) number[vertex] = 1;
  }
  for (uint32_t vertex = 0; vertex < number.size(); ++vertex) {
    if (number[vertex] == 0) continue;
    number[vertex] = static_cast<uint32_t>(kept.size());
    kept.push_back(vertex);
  }
  Mesh result;
  result.positions = picked(mesh.positions, kept);
  result.normals = picked(mesh.normals, kept);
  result.uvs = picked(mesh.uvs, kept);
  result.colors = picked(mesh.colors, kept);
  result.texture = mesh.texture;
  result.triangles.reserve(mesh.triangles.size());
  for (const auto& [a, b, c] : mesh.triangles) result.triangles.push_back({number[a], number[b], number[c]});
  return result;
}

Mesh largest_component(const Mesh& mesh) {
  if (mesh.triangles.empty()) return compacted(mesh);
  Components components(mesh);
  std::vector<size_t> sizes(mesh.positions.size(), 0);
  for (const auto& triangle : mesh.triangles) ++sizes[components.root(triangle[0])];
  const auto largest = static_cast<uint32_t>(std::max_element(sizes.begin(), sizes.end()) - sizes.begin());
  std::vector<std::array<uint32_t, 3>> triangles;
  for (const auto& triangle : mesh.triangles) {
    if (components.root(triangle[0]) == largest) triangles.push_back(triangle);
  }
  return with_triangles(mesh, std::move(triangles));
}

std::vector<std::array<float, 3>> smooth_normals(const Mesh& mesh) {
  std::vector<Vector> sums(mesh.positions.size(), Vector{});
  for (const auto& triangle : mesh.triangles) {
    const auto& origin = mesh.positions[triangle[0]];
    const Vector normal =
        cross(difference(mesh.positions[triangle[1]], origin), difference(mesh.positions[triangle[2]], origin));
    for (const uint32_t vertex : triangle) {
      for (size_t axis = 0; axis < 3; ++axis) sums[vertex][axis] += normal[axis];
    }
  }
  std::vector<std::array<float, 3>> normals;
  normals.reserve(sums.size());
  for (const Vector& sum : sums) {
    const double length = std::hypot(sum[0], sum[1], sum[2]);
    if (length > 0) {
      normals.push_back({static_cast<float>(sum[0] / length), static_cast<float>(sum[1] / length),
                         static_cast<float>(sum[2] / length)});
    } else {
      normals.push_back({0, 0, 1});
    }
  }
  return normals;
}

Mesh decimated(const Mesh& mesh, double ratio) {
  require(ratio > 0 && ratio <= 1, "decimation to {} of the triangles: expected more than 0 and at most 1", ratio);
  if (ratio == 1 || mesh.triangles.empty()) return mesh;
  const auto wanted = static_cast<size_t>(std::ceil(ratio * static_cast<double>(mesh.triangles.size())));
  return with_triangles(mesh, detail::simplified(mesh, wanted));
}

}  // namespace lifted::formats
