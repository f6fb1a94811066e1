#include "lifted/data/heads/hair_shell.h"

#include <algorithm>
#include <cmath>

#include "lifted/data/heads/head_polar.h"
#include "lifted/data/heads/noise.h"

namespace lifted::data::heads {
namespace {

constexpr int nodes = hair_rows * hair_columns;

/// Coordinates of all grid nodes; the same for every head.
struct Grid {
  std::vector<float> theta, h, cosine, sine, elevation_cosine;
  std::vector<Vec3> direction;

  Grid() {
    for (int i = 0; i < hair_rows; ++i)
      for (int j = 0; j < hair_columns; ++j) {
        const float t = column_theta(static_cast<float>(j)), height = row_height(static_cast<float>(i));
        theta.push_back(t), h.push_back(height);
        cosine.push_back(heads::cosine(t)), sine.push_back(heads::sine(t));
        elevation_cosine.push_back(heads::cosine(max_of(height, 0) / polar_radius));
        direction.push_back(polar_ray(t, height).direction);
      }
  }
  PolarPoints points() const { return {nodes, theta.data(), cosine.data(), sine.data(), h.data()}; }
};

const Grid& grid() {
  static const Grid instance;
  return instance;
}

std::vector<float> gaussian_kernel(float sigma) {
  const int radius = static_cast<int>(4 * sigma + 0.5f);
  std::vector<float> kernel;
  float total = 0;
  for (int k = -radius; k <= radius; ++k) {
    kernel.push_back(exponential(-0.5f * square(static_cast<float>(k) / sigma)));
    total += kernel.back();
  }
  for (float& weight : kernel) weight /= total;
  return kernel;
}

/// The column `offset` away, around the head; the first and the last column are the same place.
int wrapped(int column, int offset) {
  return (column + offset + 4 * (base_columns - 1)) % (base_columns - 1);
}

BaseGrid blurred_grid(const BaseGrid& base) {
  const std::vector<float> down = gaussian_kernel(2.8f / base_row_step),
                           around = gaussian_kernel(5.5f / base_column_step);
  const int rows = static_cast<int>(down.size()) / 2, columns = static_cast<int>(around.size()) / 2;
  BaseGrid along(base_nodes), result(base_nodes);
  for (int i = 0; i < base_rows; ++i)
    for (int j = 0; j < base_columns; ++j) {
      Vec3 sum;
      for (int k = -columns; k <= columns; ++k)
        sum = sum + base[i * base_columns + wrapped(j, k)] * around[k + columns];
      along[i * base_columns + j] = sum;
    }
  for (int i = 0; i < base_rows; ++i)
    for (int j = 0; j < base_columns; ++j) {
      Vec3 sum;
      for (int k = -rows; k <= rows; ++k)
        sum = sum + along[std::clamp(i + k, 0, base_rows - 1) * base_columns + j] * down[k + rows];
      result[i * base_columns + j] = sum;
    }
  return result;
}

/// Lets the shell hang from the widest place of the skull instead of following cheek and neck.
void hang(const HairParameters& hair, BaseGrid& base) {
  const auto radius = [](Vec3 p) { return square_root(p.x * p.x + p.z * p.z); };
  std::vector<float> widest(base_columns, 0.0f), smooth(base_columns, 0.0f);
  for (int i = 0; i < base_rows; ++i) {
    const float h = row_height(static_cast<float>(i * base_row_step));
    if (h < -3 || h > 3.2f) continue;
    for (int j = 0; j < base_columns; ++j) widest[j] = std::max(widest[j], radius(base[i * base_columns + j]));
  }
  const std::vector<float> kernel = gaussian_kernel(9.0f / base_column_step);
  const int reach = static_cast<int>(kernel.size()) / 2;
  for (int j = 0; j < base_columns; ++j)
    for (int k = -reach; k <= reach; ++k) smooth[j] += widest[wrapped(j, k)] * kernel[k + reach];
  const float flare = hair.random[13] < 0.5f ? 1.0f : -0.6f;
  for (int i = 0; i < base_rows; ++i) {
    const float h = row_height(static_cast<float>(i * base_row_step));
    if (h >= 0) continue;
    const float taper = 1 - 0.012f * clamp(-h - 4, 0, 20) * flare, weight = smoothstep(0, -2, h);
    for (int j = 0; j < base_columns; ++j) {
      Vec3& p = base[i * base_columns + j];
      const float k = max_of(smooth[j] * taper / max_of(radius(p), 1e-3f), 1);
      const float scale = 1 + (k - 1) * weight;
      p.x *= scale, p.z *= scale;
    }
  }
}

/// Catmull–Rom weights at fraction t.
std::array<float, 4> cubic_weights(float t) {
  return {0.5f * t * (-1 + t * (2 - t)), 1 + 0.5f * t * t * (-5 + 3 * t), 0.5f * t * (1 + t * (4 - 3 * t)),
          0.5f * t * t * (t - 1)};
}

/// The coarse grid at all nodes of the full grid.
Positions upsampled(const BaseGrid& base) {
  Positions wide(static_cast<size_t>(base_rows) * hair_columns), full(nodes);
  for (int j = 0; j < hair_columns; ++j) {
    const int k = std::min(j / base_column_step, base_columns - 2);
    const auto w = cubic_weights(static_cast<float>(j - k * base_column_step) / base_column_step);
    const int a = wrapped(k, -1), b = wrapped(k, 0), c = wrapped(k, 1), d = wrapped(k, 2);
    for (int i = 0; i < base_rows; ++i) {
      const Vec3* row = &base[i * base_columns];
      wide[i * hair_columns + j] = row[a] * w[0] + row[b] * w[1] + row[c] * w[2] + row[d] * w[3];
    }
  }
  for (int i = 0; i < hair_rows; ++i) {
    const int k = std::min(i / base_row_step, base_rows - 2);
    const auto w = cubic_weights(static_cast<float>(i - k * base_row_step) / base_row_step);
    const Vec3* rows[4];
    for (int n = 0; n < 4; ++n) rows[n] = &wide[std::clamp(k - 1 + n, 0, base_rows - 1) * hair_columns];
    for (int j = 0; j < hair_columns; ++j)
      full[i * hair_columns + j] = rows[0][j] * w[0] + rows[1][j] * w[1] + rows[2][j] * w[2] + rows[3][j] * w[3];
  }
  return full;
}

void add_shell_triangles(HairMesh& mesh) {
  const auto near_hair = [&](int a, int b, int c) {
    return mesh.field[a] > -0.65f || mesh.field[b] > -0.65f || mesh.field[c] > -0.65f;
  };
  mesh.triangles.reserve(2 * nodes);
  for (int i = 0; i + 1 < hair_rows; ++i)
    for (int j = 0; j + 1 < hair_columns; ++j) {
      const int a = i * hair_columns + j, b = a + 1, c = a + hair_columns, d = c + 1;
      if (near_hair(a, c, b)) mesh.triangles.push_back({a, c, b});
      if (near_hair(b, c, d)) mesh.triangles.push_back({b, c, d});
    }
}

void add_shell_normals(HairMesh& mesh) {
  mesh.normals.resize(nodes);
  const Vec3* p = mesh.positions.data();
  for (int i = 0; i < hair_rows; ++i) {
    const Vec3 *above = p + std::max(i - 1, 0) * hair_columns,
               *below = p + std::min(i + 1, hair_rows - 1) * hair_columns;
    const Vec3* row = p + i * hair_columns;
    for (int j = 0; j < hair_columns; ++j) {
      const int left = j > 0 ? j - 1 : hair_columns - 2, right = j + 1 < hair_columns ? j + 1 : 1;
      mesh.normals[i * hair_columns + j] = normalized(cross(below[j] - above[j], row[right] - row[left]));
    }
  }
}

int add_vertex(HairMesh& mesh, Vec3 position, Vec3 normal, const std::array<float, 4>& attributes) {
  mesh.positions.push_back(position);
  mesh.normals.push_back(normal);
  mesh.theta.push_back(attributes[0]), mesh.h.push_back(attributes[1]);
  mesh.field.push_back(attributes[2]), mesh.cavity.push_back(attributes[3]);
  return static_cast<int>(mesh.positions.size()) - 1;
}

/// Closes the crown with a fan.
void add_cap(HairMesh& mesh) {
  Vec3 position, normal;
  float field = 0, cavity = 0;
  constexpr int count = hair_columns - 1;
  for (int j = 0; j < count; ++j) {
    position = position + mesh.positions[j];
    normal = normal + mesh.normals[j];
    field += mesh.field[j], cavity += mesh.cavity[j];
  }
  const int pole =
      add_vertex(mesh, position * (1.0f / count), normalized(normal), {0, mesh.h[0], field / count, cavity / count});
  for (int j = 0; j < count; ++j) mesh.triangles.push_back({pole, j, j + 1});
}

/// A bun at the back or on top: a slightly lumpy ellipsoid.
void add_bun(const HairParameters& hair, HairMesh& mesh) {
  constexpr int rings = 24, sides = 48;
  const bool behind = hair.random[4] < 0.6f;
  const int back = static_cast<int>(height_row(11.5f) + 0.5f) * hair_columns + hair_columns - 1;
  const int front = static_cast<int>(height_row(15) + 0.5f) * hair_columns + hair_columns / 2;
  const Vec3 center =
      behind ? mesh.positions[back] + grid().direction[back] * 1.6f : mesh.positions[front] + Vec3{0, 1.4f, -1.5f};
  const float radius = 2.4f + 0.7f * hair.random[5];
  const int first = static_cast<int>(mesh.positions.size());
  for (int i = 0; i <= rings; ++i)
    for (int j = 0; j <= sides; ++j) {
      const float u = pi * (2.0f * static_cast<float>(j % sides) / sides - 1),
                  v = pi * (static_cast<float>(i) / rings - 0.5f);
      const Vec3 s{cosine(v) * sine(u), sine(v), cosine(v) * cosine(u)};
      const float n = value_noise(3 * s.x, 3 * s.y, 3 * s.z, hair.seed + 9), r = radius * (1 + 0.06f * n);
      const Vec3 normal = normalized({s.x, s.y / 0.8f, s.z});
      add_vertex(mesh, center + Vec3{s.x * r, 0.8f * s.y * r, s.z * r}, normal, {2 * u, 6 + 3 * v, 3, n});
    }
  for (int i = 0; i < rings; ++i)
    for (int j = 0; j < sides; ++j) {
      const int a = first + i * (sides + 1) + j, b = a + 1, c = a + sides + 1, d = c + 1;
      mesh.triangles.push_back({a, b, c});
      mesh.triangles.push_back({b, d, c});
    }
}

}  // namespace

bool covers_ears(HairStyle style) {
  using enum HairStyle;
  return style == long_hair || style == bob || style == medium || style == curly || style == afro;
}

HairMesh build_hair(const HairField& field, const BaseGrid& base) {
  HairMesh mesh;
  if (field.hair.style == HairStyle::bald) return mesh;
  std::vector<float> scalp(nodes), loose(nodes), thickness(nodes);
  mesh.theta = grid().theta, mesh.h = grid().h;
  mesh.field.resize(nodes), mesh.cavity.resize(nodes);
  LIFTED_CALL_ISA(evaluate_hair_field, field, grid().points(), HairFieldOutput{scalp.data(), loose.data()});
  LIFTED_CALL_ISA(hair_thickness, HairThickness{&field, grid().points(), grid().elevation_cosine.data(), scalp.data(),
                                                loose.data(), thickness.data(), mesh.cavity.data()});
  BaseGrid smooth = blurred_grid(base);
  if (field.curtain) hang(field.hair, smooth);
  mesh.positions = upsampled(smooth);
  for (int i = 0; i < nodes; ++i) {
    mesh.positions[i] = mesh.positions[i] + grid().direction[i] * thickness[i];
    mesh.field[i] = std::max(scalp[i], loose[i]);
  }
  add_shell_normals(mesh);
  add_shell_triangles(mesh);
  add_cap(mesh);
  if (field.hair.style == HairStyle::updo && field.hair.random[3] < 0.55f) add_bun(field.hair, mesh);
  return mesh;
}

}  // namespace lifted::data::heads
