// The rasterizer on a card. Visibility is one 64-bit minimum a pixel and triangle over (depth, triangle number), which
// is the published order: nearest, then the lowest number; whatever the order of the threads. Backward, a thread
// gathers for one vertex from the pixels its six triangles may cover, in raster order: no atomics, and the CPU's sums.
#pragma once

#include <cstdint>
#include <cstring>

#include "lifted/ops/core/triangle_gradient.h"

namespace lifted::ops::cuda {

using PixelKey = unsigned long long;  // what atomicMin takes
constexpr PixelKey kNothing = ~PixelKey{0};

LIFTED_HD uint32_t bits_of(float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}
LIFTED_HD float float_of(uint32_t bits) {
  float v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

/// Keys compare as (z, face) do. z: not NaN; −0 counts as 0.
LIFTED_HD PixelKey pixel_key(float z, int32_t face) {
  const uint32_t bits = bits_of(z + 0.0f);
  const uint32_t ordered = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return static_cast<PixelKey>(ordered) << 32 | static_cast<uint32_t>(face);
}
LIFTED_HD float depth_in(PixelKey key) {
  const uint32_t ordered = static_cast<uint32_t>(key >> 32);
  return float_of(ordered & 0x80000000u ? ordered & 0x7fffffffu : ~ordered);
}
LIFTED_HD int32_t face_in(PixelKey key) {
  return static_cast<int32_t>(key & 0xffffffffu);
}

LIFTED_HD void keep_least(PixelKey* at, PixelKey key) {
#if defined(__CUDA_ARCH__)
  if (key < *at) atomicMin(at, key);
#else
  if (key < *at) *at = key;
#endif
}

/// The mesh: projected vertices, and the picture's side.
struct MeshGrid {
  const core::Corner<float>* vertices;  // batch × rows × columns
  int64_t rows, columns, size;
  bool perspective_correct;

  LIFTED_BODY int64_t quads() const { return (rows - 1) * (columns - 1); }
  LIFTED_BODY int64_t vertex(int64_t b, int64_t row, int64_t column) const {
    return (b * rows + row) * columns + column;
  }
  LIFTED_BODY core::Triangle<float> triangle(int64_t b, int64_t row, int64_t column, bool lower_right) const {
    const core::Corner<float>* top = vertices + vertex(b, row, column);
    const core::Corner<float>* bottom = top + columns;
    if (lower_right) return {top[1], bottom[0], bottom[1], row, column, true};
    return {top[0], bottom[0], top[1], row, column, false};
  }
  LIFTED_BODY core::Triangle<float> triangle_of(int64_t b, int32_t face) const {
    const bool lower_right = face >= quads();
    const int64_t quad = lower_right ? face - quads() : face;
    return triangle(b, quad / (columns - 1), quad % (columns - 1), lower_right);
  }
  LIFTED_BODY float centre(int64_t pixel) const {
    return core::pixel_centre(static_cast<float>(pixel), 1 / static_cast<float>(size));
  }
};

/// First and last pixel across and down; empty where first > last.
struct PixelBox {
  int64_t x0, y0, x1, y1;
};

LIFTED_HD PixelBox pixel_box(float lx, float hx, float ly, float hy, int64_t size) {
  const float half = static_cast<float>(size) / 2, last = static_cast<float>(size - 1);
  return {static_cast<int64_t>(core::first_pixel(lx, half, 0.0f, last)),
          static_cast<int64_t>(core::first_pixel(ly, half, 0.0f, last)),
          static_cast<int64_t>(core::last_pixel(hx, half, 0.0f, last)),
          static_cast<int64_t>(core::last_pixel(hy, half, 0.0f, last))};
}

// ---- forward ----

struct ProjectVertexThread {  // a thread a vertex
  const float* vertices;      // count × 3, camera space
  core::Corner<float>* out;
  float focal;

  LIFTED_BODY void operator()(int64_t i) const {
    out[i] = core::project(vertices[3 * i], vertices[3 * i + 1], vertices[3 * i + 2], focal);
  }
};

struct CoverTriangleThread {  // a thread a triangle of the batch: all upper-left ones of an image, then all lower-right
  MeshGrid mesh;
  PixelKey* keys;  // batch × size × size; kNothing on entry

  LIFTED_BODY void operator()(int64_t i) const {
    const int64_t b = i / (2 * mesh.quads());
    const auto face = static_cast<int32_t>(i % (2 * mesh.quads()));
    const core::Triangle<float> t = mesh.triangle_of(b, face);
    const float area = core::area_of(t.v0, t.v1, t.v2);
    if (!(area == area)) return;
    using core::higher;
    using core::lower;
    const PixelBox box =
        pixel_box(lower(t.v0.x, lower(t.v1.x, t.v2.x)), higher(t.v0.x, higher(t.v1.x, t.v2.x)),
                  lower(t.v0.y, lower(t.v1.y, t.v2.y)), higher(t.v0.y, higher(t.v1.y, t.v2.y)), mesh.size);
    for (int64_t y = box.y0; y <= box.y1; ++y) {
      for (int64_t x = box.x0; x <= box.x1; ++x) offer(t, face, x, y, keys + (b * mesh.size + y) * mesh.size + x);
    }
  }

  LIFTED_BODY void offer(const core::Triangle<float>& t, int32_t face, int64_t x, int64_t y, PixelKey* key) const {
    const float px = mesh.centre(x), py = mesh.centre(y);
    if (!core::covers(core::edges_at(t, px, py))) return;
    const core::Barycentrics<float> w = core::barycentrics(t, px, py, mesh.perspective_correct);
    const float z = core::weighted(w.weights, t.v0.z, t.v1.z, t.v2.z);
    if (w.inverse != 0 && z < static_cast<float>(core::kFar)) keep_least(key, pixel_key(z, face));
  }
};

/// Element strides of a (batch, row, column, channel) array.
struct ValueStrides {
  int64_t batch, row, column, channel;
};

/// Offsets of a triangle's corners in an array laid out by strides.
struct CornerPlaces {
  int64_t v0, v1, v2;
};
LIFTED_HD CornerPlaces places_of(const core::Triangle<float>& t, int64_t b, const ValueStrides& s) {
  const int64_t top_left = b * s.batch + t.row * s.row + t.column * s.column;
  const int64_t bottom_left = top_left + s.row, top_right = top_left + s.column;
  if (t.lower_right) return {top_right, bottom_left, bottom_left + s.column};
  return {top_left, bottom_left, top_right};
}

struct ResolvePixelThread {  // a thread a pixel of the batch
  MeshGrid mesh;
  const PixelKey* keys;
  const float* attributes;
  ValueStrides stride;
  int64_t channels;
  const float* background;  // channels
  float background_depth;
  float* image;    // batch × channels × size × size
  float* depth;    // batch × size × size
  int32_t* faces;  // batch × size × size

  LIFTED_BODY void operator()(int64_t i) const {
    const int64_t plane = mesh.size * mesh.size, b = i / plane, at = i % plane;
    float* pixel = image + b * channels * plane + at;
    if (keys[i] == kNothing) {
      faces[i] = -1;
      depth[i] = background_depth;
      for (int64_t c = 0; c < channels; ++c) pixel[c * plane] = background[c];
      return;
    }
    faces[i] = face_in(keys[i]);
    depth[i] = depth_in(keys[i]);
    const core::Triangle<float> t = mesh.triangle_of(b, faces[i]);
    const core::Edges<float> w =
        core::barycentrics(t, mesh.centre(at % mesh.size), mesh.centre(at / mesh.size), mesh.perspective_correct)
            .weights;
    const CornerPlaces from = places_of(t, b, stride);
    for (int64_t c = 0; c < channels; ++c) {
      const float* value = attributes + c * stride.channel;
      pixel[c * plane] = core::weighted(w, value[from.v0], value[from.v1], value[from.v2]);
    }
  }
};

// ---- backward ----

struct GatherVertexThread {  // a thread a vertex of the batch
  MeshGrid mesh;
  float focal;
  const int32_t* faces;  // batch × size × size
  const float* attributes;
  ValueStrides stride;  // of attributes and their gradient
  int64_t channels;
  const float* grad_image;  // batch × channels × size × size
  const float* grad_depth;  // batch × size × size
  float* grad_vertices;     // batch × rows × columns × 3
  float* grad_attributes;   // zero on entry

  /// Which corner of a triangle the vertex is; −1 for none.
  LIFTED_BODY static int corner_of(int64_t down, int64_t across, bool lower_right) {
    if (down < 0 || down > 1 || across < 0 || across > 1) return -1;
    if (lower_right) return down == 0 ? (across == 1 ? 0 : -1) : (across == 0 ? 1 : 2);
    return down == 1 ? (across == 0 ? 1 : -1) : (across == 0 ? 0 : 2);
  }

  /// The pixels that the triangles around a vertex may cover.
  LIFTED_BODY PixelBox reach(int64_t b, int64_t row, int64_t column) const {
    constexpr auto far = static_cast<float>(core::kFar);
    float lx = far, hx = -far, ly = far, hy = -far;
    for (int64_t r = row > 0 ? row - 1 : 0; r <= row + 1 && r < mesh.rows; ++r) {
      for (int64_t c = column > 0 ? column - 1 : 0; c <= column + 1 && c < mesh.columns; ++c) {
        const core::Corner<float> v = mesh.vertices[mesh.vertex(b, r, c)];  // NaN changes nothing
        lx = core::lower(v.x, lx), hx = core::higher(v.x, hx);
        ly = core::lower(v.y, ly), hy = core::higher(v.y, hy);
      }
    }
    return pixel_box(lx, hx, ly, hy, mesh.size);
  }

  LIFTED_BODY void operator()(int64_t i) const {
    const int64_t column = i % mesh.columns, row = i / mesh.columns % mesh.rows, b = i / (mesh.columns * mesh.rows);
    const PixelBox box = reach(b, row, column);
    float sum[3] = {0, 0, 0};
    float* values = grad_attributes + b * stride.batch + row * stride.row + column * stride.column;
    for (int64_t y = box.y0; y <= box.y1; ++y) {
      for (int64_t x = box.x0; x <= box.x1; ++x) {
        const int32_t face = faces[(b * mesh.size + y) * mesh.size + x];
        if (face < 0) continue;
        const bool lower_right = face >= mesh.quads();
        const int64_t quad = lower_right ? face - mesh.quads() : face;
        const int corner = corner_of(row - quad / (mesh.columns - 1), column - quad % (mesh.columns - 1), lower_right);
        if (corner >= 0) add_pixel(b, x, y, face, corner, values, sum);
      }
    }
    core::unproject_gradient(mesh.vertices[i], focal, sum[0], sum[1], sum[2], grad_vertices + 3 * i);
  }

  LIFTED_BODY void add_pixel(int64_t b, int64_t x, int64_t y, int32_t face, int corner, float* values,
                             float sum[3]) const {
    const float px = mesh.centre(x), py = mesh.centre(y);
    const int64_t plane = mesh.size * mesh.size, at = y * mesh.size + x;
    const core::Triangle<float> t = mesh.triangle_of(b, face);
    const core::Barycentrics<float> w = core::barycentrics(t, px, py, mesh.perspective_correct);
    const float weight = corner == 0 ? w.weights.e0 : corner == 1 ? w.weights.e1 : w.weights.e2;
    const CornerPlaces from = places_of(t, b, stride);
    const float gd = grad_depth[b * plane + at];
    core::Edges<float> g = {gd * t.v0.z, gd * t.v1.z, gd * t.v2.z};
    for (int64_t c = 0; c < channels; ++c) {
      const float gi = grad_image[(b * channels + c) * plane + at];
      const float* value = attributes + c * stride.channel;
      g.e0 += gi * value[from.v0];
      g.e1 += gi * value[from.v1];
      g.e2 += gi * value[from.v2];
      values[c * stride.channel] += gi * weight;
    }
    const core::CornerGradients<float> gradient = core::corner_gradients(t, w, px, py, g, gd, mesh.perspective_correct);
    sum[0] += gradient.x[corner];
    sum[1] += gradient.y[corner];
    sum[2] += gradient.z[corner];
  }
};

}  // namespace lifted::ops::cuda
