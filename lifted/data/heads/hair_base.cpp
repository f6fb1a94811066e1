#include "lifted/data/heads/hair_base.h"

#include <algorithm>
#include <cmath>

#include "lifted/data/heads/head_polar.h"

namespace lifted::data::heads {
namespace {

struct Hit {
  float distance = -1;
  int32_t triangle = -1;
  float u = 0, v = 0;
};

float node_theta(int column) {
  return column_theta(static_cast<float>(column * base_column_step));
}
float node_height(int row) {
  return row_height(static_cast<float>(row * base_row_step));
}

/// Möller–Trumbore; keeps the farther of the old and the new hit.
void intersect(const PolarRay& ray, const Vec3 (&corner)[3], int32_t triangle, Hit& hit) {
  const Vec3 e1 = corner[1] - corner[0], e2 = corner[2] - corner[0], s = ray.origin - corner[0];
  const Vec3 p = cross(ray.direction, e2);
  const float determinant = dot(e1, p);
  if (std::abs(determinant) < 1e-9f) return;
  const float u = dot(s, p) / determinant;
  const Vec3 q = cross(s, e1);
  const float v = dot(ray.direction, q) / determinant, distance = dot(e2, q) / determinant;
  constexpr float slack = 1e-5f;
  if (u < -slack || v < -slack || u + v > 1 + slack || distance <= hit.distance) return;
  hit = {distance, triangle, u, v};
}

struct NodeRange {
  int row0, row1, column0, column1;
};

/// The nodes whose rays can meet the triangle: its bounding box in head-polar coordinates.
NodeRange nodes_near(const Vec3 (&corner)[3]) {
  float t0 = 9, t1 = -9, h0 = 99, h1 = -99;
  for (const Vec3& c : corner) {
    const HeadPolar polar = head_polar(c.x, c.y, c.z);
    t0 = std::min(t0, polar.theta), t1 = std::max(t1, polar.theta);
    h0 = std::min(h0, polar.h), h1 = std::max(h1, polar.h);
  }
  NodeRange range{static_cast<int>(height_row(h1) / base_row_step) - 2,
                  static_cast<int>(height_row(h0) / base_row_step) + 2,
                  static_cast<int>(theta_column(t0) / base_column_step) - 2,
                  static_cast<int>(theta_column(t1) / base_column_step) + 2};
  const bool around = t1 - t0 > pi / 2 || h1 > 14;  // across the seam at the back, or near the crown
  if (around) range.column0 = 0, range.column1 = base_columns - 1;
  if (h1 > 14) range.row0 = 0;
  return {std::max(range.row0, 0), std::min(range.row1, base_rows - 1), std::max(range.column0, 0),
          std::min(range.column1, base_columns - 1)};
}

std::vector<int> neighbours_of(int node) {
  const int row = node / base_columns, column = node % base_columns;
  std::vector<int> neighbours;
  if (row > 0) neighbours.push_back(node - base_columns);
  if (row + 1 < base_rows) neighbours.push_back(node + base_columns);
  neighbours.push_back(row * base_columns + (column > 0 ? column - 1 : base_columns - 2));
  neighbours.push_back(row * base_columns + (column + 1 < base_columns ? column + 1 : 1));
  return neighbours;
}

/// Solves A·X = B in place by Gauss–Jordan elimination; A is n×n diagonally dominant, B is n×m, rows stored one after
/// another [A | B].
void solve(std::vector<double>& system, int n, int m) {
  const int width = n + m;
  for (int k = 0; k < n; ++k) {
    double* pivot = &system[static_cast<size_t>(k) * width];
    const double inverse = 1 / pivot[k];
    for (int j = k; j < width; ++j) pivot[j] *= inverse;
    for (int i = 0; i < n; ++i) {
      double* row = &system[static_cast<size_t>(i) * width];
      const double factor = row[k];
      if (i == k || factor == 0) continue;
      for (int j = k; j < width; ++j) row[j] -= factor * pivot[j];
    }
  }
}

}  // namespace

HairBase::HairBase(std::span<const Vec3> vertices, std::span<const std::array<int32_t, 3>> triangles) {
  std::vector<Hit> hits(base_nodes);
  for (size_t t = 0; t < triangles.size(); ++t) {
    const Vec3 corner[3] = {vertices[triangles[t][0]], vertices[triangles[t][1]], vertices[triangles[t][2]]};
    const NodeRange range = nodes_near(corner);
    for (int i = range.row0; i <= range.row1; ++i)
      for (int j = range.column0; j <= range.column1; ++j)
        intersect(polar_ray(node_theta(j), node_height(i)), corner, static_cast<int32_t>(t),
                  hits[i * base_columns + j]);
  }
  corners_.assign(3 * base_nodes, -1);
  weights_.assign(3 * base_nodes, 0.0f);
  for (int node = 0; node < base_nodes; ++node) {
    const Hit& hit = hits[node];
    if (hit.distance < 3) continue;  // nothing there, or something inside the head: a hole
    for (int k = 0; k < 3; ++k) corners_[3 * node + k] = triangles[hit.triangle][k];
    weights_[3 * node] = 1 - hit.u - hit.v, weights_[3 * node + 1] = hit.u, weights_[3 * node + 2] = hit.v;
  }
  prepare_filling();
}

HairBase::HairBase(std::vector<int32_t> corners, std::vector<float> weights)
    : corners_(std::move(corners)), weights_(std::move(weights)) {
  prepare_filling();
}

// Each hole node is to be the mean of its neighbours: a linear system whose solution is a fixed weighting of the known
// nodes around.
void HairBase::prepare_filling() {
  std::vector<int> hole_index(base_nodes, -1), known_index(base_nodes, -1), holes, known;
  for (int node = 0; node < base_nodes; ++node)
    if (corners_[3 * node] < 0) hole_index[node] = static_cast<int>(holes.size()), holes.push_back(node);
  for (int node : holes)
    for (int neighbour : neighbours_of(node))
      if (hole_index[neighbour] < 0 && known_index[neighbour] < 0)
        known_index[neighbour] = static_cast<int>(known.size()), known.push_back(neighbour);

  const int n = static_cast<int>(holes.size()), m = static_cast<int>(known.size()), width = n + m;
  std::vector<double> system(static_cast<size_t>(n) * width, 0.0);
  for (int k = 0; k < n; ++k) {
    double* row = &system[static_cast<size_t>(k) * width];
    for (int neighbour : neighbours_of(holes[k])) {
      row[k] += 1;
      if (hole_index[neighbour] >= 0) row[hole_index[neighbour]] -= 1;
      if (known_index[neighbour] >= 0) row[n + known_index[neighbour]] += 1;
    }
  }
  solve(system, n, m);
  for (int k = 0; k < n; ++k) {
    Hole hole{holes[k], {}};
    for (int j = 0; j < m; ++j) {
      const double weight = system[static_cast<size_t>(k) * width + n + j];
      if (std::abs(weight) > 1e-6) hole.sources.emplace_back(known[j], static_cast<float>(weight));
    }
    holes_.push_back(std::move(hole));
  }
}

BaseGrid HairBase::positions(std::span<const Vec3> vertices) const {
  BaseGrid grid(base_nodes);
  for (int node = 0; node < base_nodes; ++node) {
    const int32_t* corner = &corners_[3 * node];
    const float* weight = &weights_[3 * node];
    if (corner[0] < 0) continue;
    grid[node] = vertices[corner[0]] * weight[0] + vertices[corner[1]] * weight[1] + vertices[corner[2]] * weight[2];
  }
  for (const Hole& hole : holes_) {
    Vec3 sum;
    for (const auto& [source, weight] : hole.sources) sum = sum + grid[source] * weight;
    grid[hole.node] = sum;
  }
  return grid;
}

Vec3 base_position(const BaseGrid& grid, float theta, float h) {
  const float row = std::clamp(height_row(h) / base_row_step, 0.0f, base_rows - 1.001f);
  const float column = std::clamp(theta_column(theta) / base_column_step, 0.0f, base_columns - 1.001f);
  const int i = static_cast<int>(row), j = static_cast<int>(column);
  const float u = row - static_cast<float>(i), v = column - static_cast<float>(j);
  const Vec3* node = &grid[i * base_columns + j];
  return mix(mix(node[0], node[1], v), mix(node[base_columns], node[base_columns + 1], v), u);
}

}  // namespace lifted::data::heads
