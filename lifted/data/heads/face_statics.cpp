#include "lifted/data/heads/face_statics.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <thread>

#include "lifted/base/runtime.h"
#include "lifted/data/heads/geometry.h"
#include "lifted/data/heads/head_polar.h"
#include "lifted/data/heads/rasterizer.h"

namespace lifted::data::heads {
namespace {

constexpr int buffer_size = 1024;
constexpr float visibility_slack = 0.06f;  // cm

Vec3 fibonacci_direction(int k, int count) {
  const double polar = std::acos(1 - 2 * (k + 0.5) / count), turn = std::numbers::pi * (1 + std::sqrt(5.0)) * (k + 0.5);
  return {static_cast<float>(std::cos(turn) * std::sin(polar)), static_cast<float>(std::sin(turn) * std::sin(polar)),
          static_cast<float>(std::cos(polar))};
}

/// Vertices seen along a direction: x and y in pixels, "1/z" = how far toward the eye, kept positive.
std::vector<ScreenVertex> orthographic(const Positions& vertices, Vec3 d) {
  const Vec3 u = normalized(std::abs(d.y) < 0.9f ? Vec3{d.z, 0, -d.x} : Vec3{0, -d.z, d.y}), v = cross(d, u);
  constexpr float reach = 25;  // cm from the template's origin to its farthest point
  const float scale = buffer_size / (2 * reach);
  std::vector<ScreenVertex> screen;
  for (const Vec3& p : vertices)
    screen.push_back({(dot(p, u) + reach) * scale, (dot(p, v) + reach) * scale, dot(p, d) + 2 * reach});
  return screen;
}

struct Visibility {
  std::vector<float> seen, possible;
};

void look_along(Vec3 d, const Positions& vertices, const Positions& normals, const std::vector<Triangle>& triangles,
                Visibility& sum) {
  const std::vector<ScreenVertex> screen = orthographic(vertices, d);
  VisibilityBuffer buffer(buffer_size, buffer_size);
  rasterize_into(buffer, screen, triangles, 0);
  for (size_t i = 0; i < vertices.size(); ++i) {
    const float facing = dot(normals[i], d);
    if (facing <= 0) continue;
    const int x = std::clamp(static_cast<int>(screen[i].x), 0, buffer_size - 1),
              y = std::clamp(static_cast<int>(screen[i].y), 0, buffer_size - 1);
    sum.possible[i] += facing;
    if (screen[i].inverse_z + visibility_slack >= buffer.inverse_z[y * buffer_size + x]) sum.seen[i] += facing;
  }
}

}  // namespace

std::vector<float> ambient_occlusion(const Positions& vertices, const std::vector<Triangle>& triangles,
                                     int directions) {
  const Positions normals = vertex_normals(vertices, triangles);
  // A fixed number of partial sums, added in order: the same bits however many cores there are.
  constexpr int parts = 8;
  std::vector<Visibility> sums(parts,
                               Visibility{std::vector<float>(vertices.size()), std::vector<float>(vertices.size())});
  const int workers = std::min(available_cores(), parts);
  std::vector<std::thread> threads;
  for (int w = 0; w < workers; ++w)
    threads.emplace_back([&, w] {
      for (int part = w; part < parts; part += workers)
        for (int k = part; k < directions; k += parts)
          look_along(fibonacci_direction(k, directions), vertices, normals, triangles, sums[part]);
    });
  for (std::thread& thread : threads) thread.join();
  std::vector<float> occlusion(vertices.size());
  for (size_t i = 0; i < vertices.size(); ++i) {
    float seen = 0, possible = 0;
    for (const Visibility& sum : sums) seen += sum.seen[i], possible += sum.possible[i];
    occlusion[i] = possible > 0 ? seen / possible : 0;
  }
  return occlusion;
}

void smooth_over_edges(const std::vector<std::pair<int32_t, int32_t>>& edges, std::vector<float>& values) {
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<float> sum(values.size(), 0);
    std::vector<int> count(values.size(), 0);
    for (const auto& [a, b] : edges) sum[a] += values[b], sum[b] += values[a], ++count[a], ++count[b];
    for (size_t i = 0; i < values.size(); ++i)
      if (count[i] > 0) values[i] = 0.5f * values[i] + 0.5f * sum[i] / static_cast<float>(count[i]);
  }
}

std::vector<float> ear_weights(const Positions& vertices, const HairBase& base, const std::vector<int32_t>& region) {
  const BaseGrid skull = base.positions(vertices);
  std::vector<float> weights(vertices.size(), 0);
  for (int32_t i : region) {
    const HeadPolar polar = head_polar(vertices[i].x, vertices[i].y, vertices[i].z);
    const Vec3 out = polar_ray(polar.theta, polar.h).direction;
    weights[i] = smoothstep(0.12f, 0.55f, dot(vertices[i] - base_position(skull, polar.theta, polar.h), out));
  }
  return weights;
}

}  // namespace lifted::data::heads
