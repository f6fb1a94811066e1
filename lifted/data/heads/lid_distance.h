// Distances of a block of points to the lid margins; included by painting kernels only.
#pragma once

#include <vector>

#include "lifted/data/heads/materials.h"

namespace lifted::data::heads::LIFTED_ISA {

constexpr int paint_block = 256;

/// Points near the eyes, compacted.
struct EyeRegion {
  int count = 0;
  int index[paint_block];
  float x[paint_block], y[paint_block], z[paint_block];
};

static inline void lower_to_polyline(const std::vector<Vec3>& line, const EyeRegion& region, float* squared) {
  for (size_t s = 0; s + 1 < line.size(); ++s) {
    const Vec3 a = line.data()[s], b = line.data()[s + 1];
    const float dx = b.x - a.x, dy = b.y - a.y, dz = b.z - a.z,
                inverse = 1 / max_of(dx * dx + dy * dy + dz * dz, 1e-12f);
    for (int i = 0; i < region.count; ++i) {
      const float px = region.x[i] - a.x, py = region.y[i] - a.y, pz = region.z[i] - a.z;
      const float t = clamp01((px * dx + py * dy + pz * dz) * inverse);
      squared[i] = min_of(squared[i], square(px - t * dx) + square(py - t * dy) + square(pz - t * dz));
    }
  }
}

/// Distance to the nearer of two polylines for the region's points, 9 elsewhere.
static inline void lid_distance(const std::vector<Vec3>* lines, const EyeRegion& region, int count, float* distance) {
  float squared[paint_block];
  for (int i = 0; i < region.count; ++i) squared[i] = 81;
  lower_to_polyline(lines[0], region, squared);
  lower_to_polyline(lines[1], region, squared);
  for (int i = 0; i < count; ++i) distance[i] = 9;
  for (int i = 0; i < region.count; ++i) distance[region.index[i]] = square_root(squared[i]);
}

}  // namespace lifted::data::heads::LIFTED_ISA
