#include "lifted/ops/cpu/rasterize_kernel.h"

#include <cmath>

// No function of this file may be shared between the instruction-set copies: everything is in the anonymous namespace,
// and nothing from the standard library but builtins is called.
namespace lifted::ops::LIFTED_ISA {
namespace {

constexpr int kLanes = static_cast<int>(kRasterizeChunk);
constexpr double kNear = 1e-4;  // Vertices nearer than this (or behind the camera) make their triangles invisible.
constexpr double kHuge = 1e9;   // Projected coordinates beyond this are not usable numbers.
constexpr double kAreaEpsilon =
    1e-8;                          // Added to the doubled area under the barycentrics, as the published renderer does.
constexpr double kSlack = 1e-3;    // Pixels by which bounding boxes grow, well above their rounding error.
constexpr double kFar = 1e30;      // Initial depth of the z-buffer.
constexpr int kMaxCandidates = 4;  // Quads wider or higher than this many pixels leave the vectorized path.

template <typename T>
T lower(T a, T b) {
  return a < b ? a : b;
}
template <typename T>
T higher(T a, T b) {
  return a > b ? a : b;
}

/// Twice the signed area of (p, a, b). Neighbouring triangles call it with the same arguments for their common edge, so
/// no pixel centre can fall between them.
template <typename T>
inline T edge(T px, T py, T ax, T ay, T bx, T by) {
  return (px - ax) * (by - ay) - (py - ay) * (bx - ax);
}

/// Projected coordinate of the centre of pixel i.
template <typename T>
inline T pixel_centre(T i, T inverse_size) {
  return (2 * i + 1) * inverse_size - 1;
}

/// The first and last pixel, within [first, last], whose centres may lie in a triangle reaching from `lo` to `hi`
/// (projected coordinates, half the image side in `half`). Empty (first > last) for NaN-only triangles, whose lo is
/// kFar and hi −kFar.
template <typename T>
inline T first_pixel(T lo, T half, T first, T last) {
  const T position = lower(higher((lo + 1) * half - T(0.5) - T(kSlack), first), last + 1);
  const T whole = static_cast<T>(static_cast<int32_t>(position));
  return whole < position ? whole + 1 : whole;
}
template <typename T>
inline T last_pixel(T hi, T half, T first, T last) {
  const T position = higher(lower((hi + 1) * half - T(0.5) + T(kSlack), last), first - 1);
  const T whole = static_cast<T>(static_cast<int32_t>(position + 1)) - 1;  // Rounds down from −1 upwards.
  return whole;
}

template <typename T>
struct Corner {
  T x, y, z;
};

template <typename T>
struct Edges {
  T e0, e1, e2;
};

/// One triangle of the grid: corners in face order and their vertex numbers within the image (unpadded).
template <typename T>
struct Triangle {
  Corner<T> v0, v1, v2;
  int64_t row, column;  // The quad.
  bool lower_right;
};

template <typename T>
inline Corner<T> corner(const RasterizeParams<T>& p, int64_t b, int64_t row, int64_t column) {
  const int64_t at = (b * p.rows + row) * p.scratch_columns + column;
  return {p.x[at], p.y[at], p.z[at]};
}

/// Upper-left triangles are (top left, bottom left, top right), lower-right ones (top right, bottom left, bottom
/// right).
template <typename T>
inline Triangle<T> triangle_of(const RasterizeParams<T>& p, int64_t b, int64_t row, int64_t column, bool lower_right) {
  const Corner<T> bottom_left = corner(p, b, row + 1, column), top_right = corner(p, b, row, column + 1);
  if (lower_right) return {top_right, bottom_left, corner(p, b, row + 1, column + 1), row, column, true};
  return {corner(p, b, row, column), bottom_left, top_right, row, column, false};
}

/// Edge functions opposite to each corner, each edge always taken left to right, top to bottom, or along the diagonal.
template <typename T>
inline Edges<T> edges_at(const Triangle<T>& t, T px, T py) {
  if (t.lower_right) {
    return {edge(px, py, t.v1.x, t.v1.y, t.v2.x, t.v2.y), -edge(px, py, t.v0.x, t.v0.y, t.v2.x, t.v2.y),
            -edge(px, py, t.v1.x, t.v1.y, t.v0.x, t.v0.y)};
  }
  return {edge(px, py, t.v1.x, t.v1.y, t.v2.x, t.v2.y), -edge(px, py, t.v0.x, t.v0.y, t.v2.x, t.v2.y),
          edge(px, py, t.v0.x, t.v0.y, t.v1.x, t.v1.y)};
}

template <typename T>
inline T area_of(const Corner<T>& v0, const Corner<T>& v1, const Corner<T>& v2) {
  return edge(v2.x, v2.y, v0.x, v0.y, v1.x, v1.y);
}

/// Slivers: so thin that area + epsilon is no useful divisor (zero, or of the other sign). They are normalized by the
/// sum of their edge functions and pass no gradient to positions.
template <typename T>
inline bool is_sliver(T area) {
  return !(area > T(kAreaEpsilon) || area < T(-10 * kAreaEpsilon));
}

template <typename T>
inline bool covers(const Edges<T>& e) {
  return (e.e0 >= 0 && e.e1 >= 0 && e.e2 >= 0) || (e.e0 <= 0 && e.e1 <= 0 && e.e2 <= 0);
}

/// 1 / (the divisor of the edge functions); 0 where the triangle has no extent at all.
template <typename T>
inline T inverse_area(const Edges<T>& e, T area) {
  const T divisor = is_sliver(area) ? e.e0 + e.e1 + e.e2 : area + T(kAreaEpsilon);
  return divisor == 0 ? T(0) : 1 / divisor;
}

template <typename T>
inline Edges<T> perspective_weights(const Edges<T>& w, T z0, T z1, T z2) {
  const T q0 = w.e0 / z0, q1 = w.e1 / z1, q2 = w.e2 / z2;
  const T scale = 1 / (q0 + q1 + q2);
  return {q0 * scale, q1 * scale, q2 * scale};
}

// ---- projection ----

template <typename T>
void project_row(const RasterizeParams<T>& p, int64_t row) {
  const T* from = p.vertices + row * p.columns * 3;
  T* x = p.x + row * p.scratch_columns;
  T* y = p.y + row * p.scratch_columns;
  T* z = p.z + row * p.scratch_columns;
  for (int64_t i = 0; i < p.columns; ++i) {
    const T depth = from[3 * i + 2], scale = p.focal / depth;
    const T px = from[3 * i] * scale, py = from[3 * i + 1] * scale;
    const bool usable =
        depth > T(kNear) && depth < T(kHuge) && px < T(kHuge) && px > T(-kHuge) && py < T(kHuge) && py > T(-kHuge);
    x[i] = usable ? px : T(NAN);
    y[i] = usable ? py : T(NAN);
    z[i] = depth;
  }
  for (int64_t i = p.columns; i < p.scratch_columns; ++i) x[i] = y[i] = z[i] = T(NAN);
}

template <typename T>
void bound_row(const RasterizeParams<T>& p, int64_t row) {
  const int64_t chunks = rasterize_chunks(p.columns);
  const T half = static_cast<T>(p.size) / 2;
  for (int64_t k = 0; k < chunks; ++k) {
    const T* y = p.y + row * p.scratch_columns + k * kRasterizeChunk;
    T lo = T(kFar), hi = T(-kFar);
    for (int i = 0; i <= kLanes; ++i) {
      lo = lower(y[i], lo);
      hi = higher(y[i], hi);
    }
    T* bound = p.bounds + (row * chunks + k) * 2;
    bound[0] = (lo + 1) * half - T(0.5) - T(kSlack);
    bound[1] = (hi + 1) * half - T(0.5) + T(kSlack);
  }
}

// ---- coverage ----

/// The band of image rows a call works on.
template <typename T>
struct Band {
  int64_t b, first, last;
  T* depth;        // Row 0 of the image's z-buffer.
  int32_t* faces;  // Row 0 of the image's triangle numbers.
};

/// The nearer triangle wins, at equal depth the lower number; the result does not depend on the order of calls.
template <typename T>
inline void offer(const Band<T>& band, int64_t at, T z, int32_t face) {
  if (z < band.depth[at] || (z == band.depth[at] && face < band.faces[at])) {
    band.depth[at] = z;
    band.faces[at] = face;
  }
}

template <typename T>
void cover_triangle(const RasterizeParams<T>& p, const Band<T>& band, const Triangle<T>& t, const int64_t box[4]) {
  const int64_t quads = (p.rows - 1) * (p.columns - 1);
  const int32_t face = static_cast<int32_t>((t.lower_right ? quads : 0) + t.row * (p.columns - 1) + t.column);
  const T area = area_of(t.v0, t.v1, t.v2), inverse_size = 1 / static_cast<T>(p.size);
  for (int64_t y = box[1]; y <= box[3]; ++y) {
    for (int64_t x = box[0]; x <= box[2]; ++x) {
      const Edges<T> e =
          edges_at(t, pixel_centre(static_cast<T>(x), inverse_size), pixel_centre(static_cast<T>(y), inverse_size));
      if (!covers(e)) continue;
      const T inverse = inverse_area(e, area);
      if (inverse == 0) continue;
      Edges<T> w = {e.e0 * inverse, e.e1 * inverse, e.e2 * inverse};
      if (p.perspective_correct) w = perspective_weights(w, t.v0.z, t.v1.z, t.v2.z);
      const T z = w.e0 * t.v0.z + w.e1 * t.v1.z + w.e2 * t.v2.z;
      offer(band, y * p.size + x, z, face);
    }
  }
}

/// Sixteen quads side by side.
template <typename T>
struct Chunk {
  const T *xt, *yt, *zt, *xb, *yb, *zb;              // Top and bottom vertex rows; quad l uses entries l and l + 1.
  alignas(64) T x0[kLanes], y0[kLanes];              // First candidate pixel.
  alignas(64) T nx[kLanes], ny[kLanes];              // Number of candidate pixels across and down; 0 for none.
  alignas(64) T inverse0[kLanes], inverse1[kLanes];  // 1 / (area + epsilon) of the two triangles.
  T widest, highest;                                 // Over the quads of the fast path.
  uint32_t slow;                                     // Quads for the scalar path: large ones and slivers.
};

template <typename T>
inline void bound_quads(const RasterizeParams<T>& p, const Band<T>& band, Chunk<T>& c) {
  const T half = static_cast<T>(p.size) / 2, last = static_cast<T>(p.size - 1);
  const T first_row = static_cast<T>(band.first), last_row = static_cast<T>(band.last - 1);
  for (int l = 0; l < kLanes; ++l) {
    const T lx = lower(c.xt[l], lower(c.xt[l + 1], lower(c.xb[l], lower(c.xb[l + 1], T(kFar)))));
    const T hx = higher(c.xt[l], higher(c.xt[l + 1], higher(c.xb[l], higher(c.xb[l + 1], T(-kFar)))));
    const T ly = lower(c.yt[l], lower(c.yt[l + 1], lower(c.yb[l], lower(c.yb[l + 1], T(kFar)))));
    const T hy = higher(c.yt[l], higher(c.yt[l + 1], higher(c.yb[l], higher(c.yb[l + 1], T(-kFar)))));
    const T x0 = first_pixel(lx, half, T(0), last);
    const T x1 = last_pixel(hx, half, T(0), last);
    const T y0 = first_pixel(ly, half, first_row, last_row);
    const T y1 = last_pixel(hy, half, first_row, last_row);
    const bool some = x1 >= x0 && y1 >= y0;
    c.x0[l] = x0;
    c.y0[l] = y0;
    c.nx[l] = some ? x1 - x0 + 1 : T(0);
    c.ny[l] = some ? y1 - y0 + 1 : T(0);
  }
}

template <typename T>
inline void divide_areas(Chunk<T>& c) {
  uint32_t slow = 0;
  T widest = 0, highest = 0;
  for (int l = 0; l < kLanes; ++l) {
    const T a0 = edge(c.xt[l + 1], c.yt[l + 1], c.xt[l], c.yt[l], c.xb[l], c.yb[l]);
    const T a1 = edge(c.xb[l + 1], c.yb[l + 1], c.xt[l + 1], c.yt[l + 1], c.xb[l], c.yb[l]);
    c.inverse0[l] = 1 / (a0 + T(kAreaEpsilon));
    c.inverse1[l] = 1 / (a1 + T(kAreaEpsilon));
    const bool large = c.nx[l] > kMaxCandidates || c.ny[l] > kMaxCandidates;
    const bool odd = c.nx[l] > 0 && (large || is_sliver(a0) || is_sliver(a1));
    slow |= static_cast<uint32_t>(odd) << l;
    c.nx[l] = odd ? T(0) : c.nx[l];
    widest = higher(c.nx[l], widest);
    highest = higher(odd ? T(0) : c.ny[l], highest);
  }
  c.slow = slow;
  c.widest = widest;
  c.highest = highest;
}

/// Tests candidate pixel (dx, dy) of every quad: z[l] becomes the nearer covering triangle's depth (kFar for none).
template <bool perspective, typename T>
inline uint32_t test_candidate(const Chunk<T>& c, T dx, T dy, T inverse_size, T* z, int32_t* second) {
  uint32_t covered = 0;
  for (int l = 0; l < kLanes; ++l) {
    const T px = pixel_centre(c.x0[l] + dx, inverse_size), py = pixel_centre(c.y0[l] + dy, inverse_size);
    const T diagonal = edge(px, py, c.xb[l], c.yb[l], c.xt[l + 1], c.yt[l + 1]);
    const T top = -edge(px, py, c.xt[l], c.yt[l], c.xt[l + 1], c.yt[l + 1]);
    const T left = edge(px, py, c.xt[l], c.yt[l], c.xb[l], c.yb[l]);
    const T bottom = edge(px, py, c.xb[l], c.yb[l], c.xb[l + 1], c.yb[l + 1]);
    const T right = -edge(px, py, c.xt[l + 1], c.yt[l + 1], c.xb[l + 1], c.yb[l + 1]);
    const bool inside = (dx < c.nx[l]) & (dy < c.ny[l]);
    const bool in0 = ((diagonal >= 0) & (top >= 0) & (left >= 0)) | ((diagonal <= 0) & (top <= 0) & (left <= 0));
    const bool in1 =
        ((bottom >= 0) & (right >= 0) & (-diagonal >= 0)) | ((bottom <= 0) & (right <= 0) & (-diagonal <= 0));
    const T w00 = diagonal * c.inverse0[l], w01 = top * c.inverse0[l], w02 = left * c.inverse0[l];
    const T w10 = bottom * c.inverse1[l], w11 = right * c.inverse1[l], w12 = -diagonal * c.inverse1[l];
    T z0, z1;
    if constexpr (perspective) {
      const Edges<T> p0 = perspective_weights<T>({w00, w01, w02}, c.zt[l], c.zb[l], c.zt[l + 1]);
      const Edges<T> p1 = perspective_weights<T>({w10, w11, w12}, c.zt[l + 1], c.zb[l], c.zb[l + 1]);
      z0 = p0.e0 * c.zt[l] + p0.e1 * c.zb[l] + p0.e2 * c.zt[l + 1];
      z1 = p1.e0 * c.zt[l + 1] + p1.e1 * c.zb[l] + p1.e2 * c.zb[l + 1];
    } else {
      z0 = w00 * c.zt[l] + w01 * c.zb[l] + w02 * c.zt[l + 1];
      z1 = w10 * c.zt[l + 1] + w11 * c.zb[l] + w12 * c.zb[l + 1];
    }
    const T near0 = in0 & inside ? z0 : T(kFar), near1 = in1 & inside ? z1 : T(kFar);
    const T nearest = near1 < near0 ? near1 : near0;
    z[l] = nearest;
    second[l] = near1 < near0;
    covered |= static_cast<uint32_t>(nearest < T(kFar)) << l;
  }
  return covered;
}

template <bool perspective, typename T>
void cover_fast(const RasterizeParams<T>& p, const Band<T>& band, const Chunk<T>& c, int64_t first_quad) {
  const int64_t quads = (p.rows - 1) * (p.columns - 1);
  const T inverse_size = 1 / static_cast<T>(p.size);
  alignas(64) T z[kLanes];
  alignas(64) int32_t second[kLanes];
  for (T dy = 0; dy < c.highest; ++dy) {
    for (T dx = 0; dx < c.widest; ++dx) {
      uint32_t covered = test_candidate<perspective>(c, dx, dy, inverse_size, z, second);
      for (; covered; covered &= covered - 1) {
        const int l = __builtin_ctz(covered);
        const int64_t at = static_cast<int64_t>(c.y0[l] + dy) * p.size + static_cast<int64_t>(c.x0[l] + dx);
        offer(band, at, z[l], static_cast<int32_t>(first_quad + l + (second[l] ? quads : 0)));
      }
    }
  }
}

template <typename T>
void cover_slow(const RasterizeParams<T>& p, const Band<T>& band, int64_t row, int64_t column) {
  const T half = static_cast<T>(p.size) / 2, last = static_cast<T>(p.size - 1);
  const T first_row = static_cast<T>(band.first), last_row = static_cast<T>(band.last - 1);
  for (int second = 0; second < 2; ++second) {
    const Triangle<T> t = triangle_of(p, band.b, row, column, second == 1);
    const T area = area_of(t.v0, t.v1, t.v2);
    if (!(area == area)) continue;
    const T lx = lower(t.v0.x, lower(t.v1.x, t.v2.x)), hx = higher(t.v0.x, higher(t.v1.x, t.v2.x));
    const T ly = lower(t.v0.y, lower(t.v1.y, t.v2.y)), hy = higher(t.v0.y, higher(t.v1.y, t.v2.y));
    const int64_t box[4] = {static_cast<int64_t>(first_pixel(lx, half, T(0), last)),
                            static_cast<int64_t>(first_pixel(ly, half, first_row, last_row)),
                            static_cast<int64_t>(last_pixel(hx, half, T(0), last)),
                            static_cast<int64_t>(last_pixel(hy, half, first_row, last_row))};
    cover_triangle(p, band, t, box);
  }
}

template <typename T>
void cover_chunk(const RasterizeParams<T>& p, const Band<T>& band, int64_t row, int64_t first_column) {
  const int64_t top = (band.b * p.rows + row) * p.scratch_columns + first_column, bottom = top + p.scratch_columns;
  Chunk<T> c;
  c.xt = p.x + top, c.yt = p.y + top, c.zt = p.z + top;
  c.xb = p.x + bottom, c.yb = p.y + bottom, c.zb = p.z + bottom;
  bound_quads(p, band, c);
  divide_areas(c);
  const int64_t first_quad = row * (p.columns - 1) + first_column;
  if (p.perspective_correct) {
    cover_fast<true>(p, band, c, first_quad);
  } else {
    cover_fast<false>(p, band, c, first_quad);
  }
  for (uint32_t slow = c.slow; slow; slow &= slow - 1) cover_slow(p, band, row, first_column + __builtin_ctz(slow));
}

template <typename T>
void cover_band(const RasterizeParams<T>& p, const Band<T>& band) {
  for (int64_t at = band.first * p.size; at < band.last * p.size; ++at) {
    band.depth[at] = T(kFar);
    band.faces[at] = -1;
  }
  const int64_t chunks = rasterize_chunks(p.columns);
  for (int64_t row = 0; row + 1 < p.rows; ++row) {
    const T* top = p.bounds + (band.b * p.rows + row) * chunks * 2;
    const T* bottom = top + chunks * 2;
    for (int64_t k = 0; k < chunks; ++k) {
      if (lower(top[2 * k], bottom[2 * k]) > static_cast<T>(band.last - 1)) continue;
      if (higher(top[2 * k + 1], bottom[2 * k + 1]) < static_cast<T>(band.first)) continue;
      cover_chunk(p, band, row, k * kRasterizeChunk);
    }
  }
}

// ---- what a pixel shows ----

template <typename T>
inline Triangle<T> triangle_of_face(const RasterizeParams<T>& p, int64_t b, int32_t face) {
  const int32_t across = static_cast<int32_t>(p.columns - 1), quads = static_cast<int32_t>(p.rows - 1) * across;
  const bool lower_right = face >= quads;
  const int32_t quad = lower_right ? face - quads : face, row = quad / across;
  return triangle_of(p, b, row, quad - row * across, lower_right);
}

/// Offsets of the triangle's corners in an array laid out by `stride`.
struct CornerOffsets {
  int64_t v0, v1, v2;
};

template <typename T>
inline CornerOffsets offsets_of(const Triangle<T>& t, int64_t b, const GridStrides& stride) {
  const int64_t top_left = b * stride.batch + t.row * stride.row + t.column * stride.column;
  const int64_t bottom_left = top_left + stride.row, top_right = top_left + stride.column;
  if (t.lower_right) return {top_right, bottom_left, bottom_left + stride.column};
  return {top_left, bottom_left, top_right};
}

template <typename T>
void resolve_pixel(const RasterizeParams<T>& p, const Band<T>& band, int64_t x, int64_t y) {
  const int64_t at = y * p.size + x, plane = p.size * p.size;
  T* image = p.image + band.b * p.channels * plane + at;
  if (band.faces[at] < 0) {
    band.depth[at] = p.background_depth;
    for (int64_t c = 0; c < p.channels; ++c) image[c * plane] = p.background[c];
    return;
  }
  const T inverse_size = 1 / static_cast<T>(p.size);
  const Triangle<T> t = triangle_of_face(p, band.b, band.faces[at]);
  const Edges<T> e =
      edges_at(t, pixel_centre(static_cast<T>(x), inverse_size), pixel_centre(static_cast<T>(y), inverse_size));
  const T inverse = inverse_area(e, area_of(t.v0, t.v1, t.v2));
  Edges<T> w = {e.e0 * inverse, e.e1 * inverse, e.e2 * inverse};
  if (p.perspective_correct) w = perspective_weights(w, t.v0.z, t.v1.z, t.v2.z);
  const CornerOffsets from = offsets_of(t, band.b, p.attribute_stride);
  for (int64_t c = 0; c < p.channels; ++c) {
    const T* value = p.attributes + c * p.attribute_stride.channel;
    image[c * plane] = w.e0 * value[from.v0] + w.e1 * value[from.v1] + w.e2 * value[from.v2];
  }
}

template <typename T>
void rasterize_band(const RasterizeParams<T>& p, int64_t b, int64_t first, int64_t last) {
  const int64_t plane = p.size * p.size;
  const Band<T> band = {b, first, last, p.depth + b * plane, p.faces + b * plane};
  cover_band(p, band);
  for (int64_t y = first; y < last; ++y) {
    for (int64_t x = 0; x < p.size; ++x) resolve_pixel(p, band, x, y);
  }
}

// ---- gradients ----

/// dLoss/d(affine weights), and what the perspective division adds to the depths of the corners.
template <typename T>
inline Edges<T> perspective_gradient(const Triangle<T>& t, const Edges<T>& affine, const Edges<T>& w, const Edges<T>& g,
                                     Edges<T>& gz) {
  const T mean = g.e0 * w.e0 + g.e1 * w.e1 + g.e2 * w.e2;
  const T scale = 1 / (affine.e0 / t.v0.z + affine.e1 / t.v1.z + affine.e2 / t.v2.z);
  const Edges<T> gq = {(g.e0 - mean) * scale, (g.e1 - mean) * scale, (g.e2 - mean) * scale};
  gz.e0 -= gq.e0 * affine.e0 / (t.v0.z * t.v0.z);
  gz.e1 -= gq.e1 * affine.e1 / (t.v1.z * t.v1.z);
  gz.e2 -= gq.e2 * affine.e2 / (t.v2.z * t.v2.z);
  return {gq.e0 / t.v0.z, gq.e1 / t.v1.z, gq.e2 / t.v2.z};
}

template <typename T>
struct Gradient2 {
  T x, y;
};

/// dLoss/d(projected corners) from dLoss/d(affine weights): weights are edge functions times `inverse`.
template <typename T>
inline void position_gradient(const Triangle<T>& t, T px, T py, T inverse, const Edges<T>& w, const Edges<T>& g,
                              Gradient2<T> out[3]) {
  const T g0 = g.e0 * inverse, g1 = g.e1 * inverse, g2 = g.e2 * inverse;
  const T ga = -(g.e0 * w.e0 + g.e1 * w.e1 + g.e2 * w.e2) * inverse;
  const Corner<T>&v0 = t.v0, &v1 = t.v1, &v2 = t.v2;
  out[0].x = g1 * (v2.y - py) + g2 * (py - v1.y) + ga * (v2.y - v1.y);
  out[0].y = g1 * (px - v2.x) + g2 * (v1.x - px) + ga * (v1.x - v2.x);
  out[1].x = g0 * (py - v2.y) + g2 * (v0.y - py) + ga * (v0.y - v2.y);
  out[1].y = g0 * (v2.x - px) + g2 * (px - v0.x) + ga * (v2.x - v0.x);
  out[2].x = g0 * (v1.y - py) + g1 * (py - v0.y) + ga * (v1.y - v0.y);
  out[2].y = g0 * (px - v1.x) + g1 * (v0.x - px) + ga * (v0.x - v1.x);
}

/// The vertex rows a call owns, and the first quad row whose triangles touch them.
struct OwnedRows {
  int64_t b, first, last;
};

template <typename T>
inline void add_pixel(const RasterizeParams<T>& p, const OwnedRows& own, int64_t x, int64_t y, int32_t face) {
  const int64_t plane = p.size * p.size, at = y * p.size + x;
  const T inverse_size = 1 / static_cast<T>(p.size);
  const T px = pixel_centre(static_cast<T>(x), inverse_size), py = pixel_centre(static_cast<T>(y), inverse_size);
  const Triangle<T> t = triangle_of_face(p, own.b, face);
  const bool top = t.row >= own.first, bottom = t.row + 1 < own.last;
  const bool owned[3] = {top, bottom, t.lower_right ? bottom : top};
  const Edges<T> e = edges_at(t, px, py);
  const T area = area_of(t.v0, t.v1, t.v2), inverse = inverse_area(e, area);
  const Edges<T> affine = {e.e0 * inverse, e.e1 * inverse, e.e2 * inverse};
  const Edges<T> w = p.perspective_correct ? perspective_weights(affine, t.v0.z, t.v1.z, t.v2.z) : affine;
  const T gd = p.grad_depth[own.b * plane + at];
  Edges<T> g = {gd * t.v0.z, gd * t.v1.z, gd * t.v2.z}, gz = {gd * w.e0, gd * w.e1, gd * w.e2};
  const T* grad_image = p.grad_image + own.b * p.channels * plane + at;
  const CornerOffsets to = offsets_of(t, own.b, p.attribute_stride);
  for (int64_t c = 0; c < p.channels; ++c) {
    const T gi = grad_image[c * plane];
    const T* value = p.attributes + c * p.attribute_stride.channel;
    T* grad = p.grad_attributes + c * p.attribute_stride.channel;
    g.e0 += gi * value[to.v0];
    g.e1 += gi * value[to.v1];
    g.e2 += gi * value[to.v2];
    if (owned[0]) grad[to.v0] += gi * w.e0;
    if (owned[1]) grad[to.v1] += gi * w.e1;
    if (owned[2]) grad[to.v2] += gi * w.e2;
  }
  if (p.perspective_correct) g = perspective_gradient(t, affine, w, g, gz);
  Gradient2<T> gp[3] = {};
  if (!is_sliver(area)) position_gradient(t, px, py, inverse, affine, g, gp);
  const CornerOffsets vertex = offsets_of(t, own.b, {p.rows * p.columns * 3, p.columns * 3, 3, 1});
  const int64_t vertices[3] = {vertex.v0, vertex.v1, vertex.v2};
  const T depths[3] = {gz.e0, gz.e1, gz.e2};
  for (int k = 0; k < 3; ++k) {
    if (!owned[k]) continue;
    T* grad = p.grad_vertices + vertices[k];
    grad[0] += gp[k].x;
    grad[1] += gp[k].y;
    grad[2] += depths[k];
  }
}

/// Turns the gradient of projected x, y (and depth) of a vertex into that of its camera-space position.
template <typename T>
void unproject_gradient(const RasterizeParams<T>& p, const OwnedRows& own) {
  for (int64_t row = own.b * p.rows + own.first; row < own.b * p.rows + own.last; ++row) {
    T* grad = p.grad_vertices + row * p.columns * 3;
    const T* x = p.x + row * p.scratch_columns;
    const T* y = p.y + row * p.scratch_columns;
    const T* z = p.z + row * p.scratch_columns;
    for (int64_t i = 0; i < p.columns; ++i) {
      const T gx = grad[3 * i], gy = grad[3 * i + 1], inverse = 1 / z[i];
      const bool usable = x[i] == x[i];
      grad[3 * i] = usable ? gx * p.focal * inverse : T(0);
      grad[3 * i + 1] = usable ? gy * p.focal * inverse : T(0);
      grad[3 * i + 2] = usable ? grad[3 * i + 2] - (gx * x[i] + gy * y[i]) * inverse : T(0);
    }
  }
}

template <typename T>
void gather_rows(const RasterizeParams<T>& p, const OwnedRows& own) {
  T* grad = p.grad_vertices + (own.b * p.rows + own.first) * p.columns * 3;
  for (int64_t i = 0; i < (own.last - own.first) * p.columns * 3; ++i) grad[i] = 0;
  const int64_t across = p.columns - 1, quads = (p.rows - 1) * across;
  const int64_t first_quad = (own.first - 1) * across, last_quad = own.last * across;
  const int32_t* faces = p.faces + own.b * p.size * p.size;
  for (int64_t y = 0; y < p.size; ++y) {
    for (int64_t x = 0; x < p.size; ++x) {
      const int32_t face = faces[y * p.size + x];
      const int64_t quad = face >= quads ? face - quads : face;
      if (quad < 0 || quad < first_quad || quad >= last_quad) continue;
      add_pixel(p, own, x, y, face);
    }
  }
  unproject_gradient(p, own);
}

template <typename T>
void project(const RasterizeParams<T>& p, int64_t first, int64_t last) {
  for (int64_t row = first; row < last; ++row) {
    project_row(p, row);
    bound_row(p, row);
  }
}

}  // namespace

void project_rows(const RasterizeParams<float>& p, int64_t first, int64_t last) {
  project(p, first, last);
}
void project_rows(const RasterizeParams<double>& p, int64_t first, int64_t last) {
  project(p, first, last);
}

void rasterize_rows(const RasterizeParams<float>& p, int64_t b, int64_t first, int64_t last) {
  rasterize_band(p, b, first, last);
}
void rasterize_rows(const RasterizeParams<double>& p, int64_t b, int64_t first, int64_t last) {
  rasterize_band(p, b, first, last);
}

void gather_gradients(const RasterizeParams<float>& p, int64_t b, int64_t first, int64_t last) {
  gather_rows(p, {b, first, last});
}
void gather_gradients(const RasterizeParams<double>& p, int64_t b, int64_t first, int64_t last) {
  gather_rows(p, {b, first, last});
}

}  // namespace lifted::ops::LIFTED_ISA
