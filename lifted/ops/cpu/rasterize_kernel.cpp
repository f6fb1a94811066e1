#include "lifted/ops/cpu/rasterize_kernel.h"

#include "lifted/ops/cpu/lanes.h"
#include "lifted/ops/cpu/rasterize_geometry.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

constexpr int kMaxCandidates = 8;  // Quads wider or higher than this many pixels leave the vectorized path.

// ---- projection ----

template <typename T>
void project_row(const RasterizeParams<T>& p, int64_t row) {
  const T* from = p.vertices + row * p.columns * 3;
  T* x = p.x + row * p.scratch_columns;
  T* y = p.y + row * p.scratch_columns;
  T* z = p.z + row * p.scratch_columns;
  for (int64_t i = 0; i < p.columns; ++i) {
    const Corner<T> v = core::project(from[3 * i], from[3 * i + 1], from[3 * i + 2], p.focal);
    x[i] = v.x;
    y[i] = v.y;
    z[i] = v.z;
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
    for (int i = 0; i <= kRasterizeChunk; ++i) {
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

/// As many quads side by side as a vector has lanes.
template <typename T>
struct QuadVector {
  using Lanes = typename Simd<T>::Lanes;
  Lanes xtl, xtr, xbl, xbr, ytl, ytr, ybl, ybr, ztl, ztr, zbl, zbr;  // Corners: top or bottom, left or right.
  Lanes x0, y0;                                                      // First candidate pixel.
  Lanes nx, ny;                                                      // Candidates across and down; 0 for none.
  Lanes inverse0, inverse1;                                          // 1 / (area + epsilon) of the two triangles.
};

template <typename V>
inline V lowest(V a, V b, V c, V d, V start) {
  return lower(a, lower(b, lower(c, lower(d, start))));
}
template <typename V>
inline V highest(V a, V b, V c, V d, V start) {
  return higher(a, higher(b, higher(c, higher(d, start))));
}

/// first_pixel and last_pixel on all lanes.
template <typename T, typename V>
inline V first_pixels(V lo, T half, T first, T last) {
  const V position = lower(higher((lo + 1) * half - T(0.5) - T(kSlack), broadcast(first)), broadcast(last + 1));
  const V whole = __builtin_convertvector(__builtin_convertvector(position, typename Simd<T>::Whole), V);
  return whole < position ? whole + 1 : whole;
}
template <typename T, typename V>
inline V last_pixels(V hi, T half, T first, T last) {
  const V position = higher(lower((hi + 1) * half - T(0.5) + T(kSlack), broadcast(last)), broadcast(first - 1));
  return __builtin_convertvector(__builtin_convertvector(position + 1, typename Simd<T>::Whole), V) - 1;
}

template <typename T>
inline QuadVector<T> load_quads(const RasterizeParams<T>& p, const Band<T>& band, int64_t row, int64_t column) {
  const int64_t top = (band.b * p.rows + row) * p.scratch_columns + column, bottom = top + p.scratch_columns;
  QuadVector<T> q;
  q.xtl = load(p.x + top), q.xtr = load(p.x + top + 1), q.xbl = load(p.x + bottom), q.xbr = load(p.x + bottom + 1);
  q.ytl = load(p.y + top), q.ytr = load(p.y + top + 1), q.ybl = load(p.y + bottom), q.ybr = load(p.y + bottom + 1);
  q.ztl = load(p.z + top), q.ztr = load(p.z + top + 1), q.zbl = load(p.z + bottom), q.zbr = load(p.z + bottom + 1);
  return q;
}

template <typename T>
inline void find_candidates(const RasterizeParams<T>& p, const Band<T>& band, QuadVector<T>& q) {
  using V = typename Simd<T>::Lanes;
  const T half = static_cast<T>(p.size) / 2, last = static_cast<T>(p.size - 1);
  const T first_row = static_cast<T>(band.first), last_row = static_cast<T>(band.last - 1);
  const V far = broadcast(T(kFar));
  q.x0 = first_pixels(lowest(q.xtl, q.xtr, q.xbl, q.xbr, far), half, T(0), last);
  q.y0 = first_pixels(lowest(q.ytl, q.ytr, q.ybl, q.ybr, far), half, first_row, last_row);
  const V across = last_pixels(highest(q.xtl, q.xtr, q.xbl, q.xbr, -far), half, T(0), last) - q.x0 + 1;
  const V down = last_pixels(highest(q.ytl, q.ytr, q.ybl, q.ybr, -far), half, first_row, last_row) - q.y0 + 1;
  const auto some = (across > 0) & (down > 0);
  q.nx = some ? across : V{};
  q.ny = some ? down : V{};
}

/// Computes 1 / area, and takes the quads that need the scalar path (large ones, slivers, unusable corners) out of the
/// vector; they are returned as bits.
template <typename T>
inline uint32_t divide_areas(QuadVector<T>& q) {
  using V = typename Simd<T>::Lanes;
  const V a0 = edge(q.xtr, q.ytr, q.xtl, q.ytl, q.xbl, q.ybl), a1 = edge(q.xbr, q.ybr, q.xtr, q.ytr, q.xbl, q.ybl);
  q.inverse0 = 1 / (a0 + T(kAreaEpsilon));
  q.inverse1 = 1 / (a1 + T(kAreaEpsilon));
  const auto thick0 = (a0 > T(kAreaEpsilon)) | (a0 < T(-10 * kAreaEpsilon));
  const auto thick1 = (a1 > T(kAreaEpsilon)) | (a1 < T(-10 * kAreaEpsilon));
  const auto small = (q.nx <= T(kMaxCandidates)) & (q.ny <= T(kMaxCandidates));
  const auto plain = thick0 & thick1 & small;
  const auto odd = (q.nx > 0) & ~plain;
  q.nx = odd ? V{} : q.nx;
  q.ny = odd ? V{} : q.ny;
  return bits_of<T>(odd);
}

/// Tests candidate pixel (dx, dy) of every quad. Returns the quads that cover theirs, with the nearer triangle's depth
/// in z and in `second` whether it is the lower-right one.
template <bool perspective, typename T>
inline uint32_t test_candidate(const QuadVector<T>& q, T dx, T dy, T inverse_size, T* z,
                               typename Simd<T>::Whole& second) {
  using V = typename Simd<T>::Lanes;
  const V px = pixel_centre(q.x0 + dx, broadcast(inverse_size)), py = pixel_centre(q.y0 + dy, broadcast(inverse_size));
  const V diagonal = edge(px, py, q.xbl, q.ybl, q.xtr, q.ytr), back = -diagonal;
  const V top = -edge(px, py, q.xtl, q.ytl, q.xtr, q.ytr), left = edge(px, py, q.xtl, q.ytl, q.xbl, q.ybl);
  const V bottom = edge(px, py, q.xbl, q.ybl, q.xbr, q.ybr), right = -edge(px, py, q.xtr, q.ytr, q.xbr, q.ybr);
  const auto candidate = (q.nx > dx) & (q.ny > dy);
  const auto in0 = ((diagonal >= 0) & (top >= 0) & (left >= 0)) | ((diagonal <= 0) & (top <= 0) & (left <= 0));
  const auto in1 = ((bottom >= 0) & (right >= 0) & (back >= 0)) | ((bottom <= 0) & (right <= 0) & (back <= 0));
  if (bits_of<T>(candidate & (in0 | in1)) == 0) return 0;
  Edges<V> w0 = {diagonal * q.inverse0, top * q.inverse0, left * q.inverse0};
  Edges<V> w1 = {bottom * q.inverse1, right * q.inverse1, back * q.inverse1};
  if constexpr (perspective) {
    w0 = perspective_weights(w0, q.ztl, q.zbl, q.ztr);
    w1 = perspective_weights(w1, q.ztr, q.zbl, q.zbr);
  }
  const V z0 = w0.e0 * q.ztl + w0.e1 * q.zbl + w0.e2 * q.ztr, z1 = w1.e0 * q.ztr + w1.e1 * q.zbl + w1.e2 * q.zbr;
  const V far = broadcast(T(kFar)), near0 = (in0 & candidate) ? z0 : far, near1 = (in1 & candidate) ? z1 : far;
  second = near1 < near0;
  const V nearest = second ? near1 : near0;
  __builtin_memcpy(z, &nearest, sizeof nearest);
  return bits_of<T>(nearest < far);
}

template <bool perspective, typename T>
void cover_fast(const RasterizeParams<T>& p, const Band<T>& band, const QuadVector<T>& q, int32_t first_quad) {
  constexpr int lanes = Simd<T>::kLanes;
  const int32_t quads = static_cast<int32_t>((p.rows - 1) * (p.columns - 1));
  const T inverse_size = 1 / static_cast<T>(p.size);
  using Whole = typename Simd<T>::Whole;
  const Whole corner_pixel =
      __builtin_convertvector(q.y0, Whole) * static_cast<int32_t>(p.size) + __builtin_convertvector(q.x0, Whole);
  Whole second;
  T z[lanes];
  for (int dy = 0; bits_of<T>(q.ny > static_cast<T>(dy)); ++dy) {
    for (int dx = 0; bits_of<T>((q.nx > static_cast<T>(dx)) & (q.ny > static_cast<T>(dy))); ++dx) {
      uint32_t covered =
          test_candidate<perspective>(q, static_cast<T>(dx), static_cast<T>(dy), inverse_size, z, second);
      for (; covered; covered &= covered - 1) {
        const int l = __builtin_ctz(covered);
        const int64_t at = corner_pixel[l] + dy * p.size + dx;
        offer(band, at, z[l], first_quad + l + (second[l] ? quads : 0));
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
void cover_quads(const RasterizeParams<T>& p, const Band<T>& band, int64_t row, int64_t column) {
  QuadVector<T> q = load_quads(p, band, row, column);
  find_candidates(p, band, q);
  if (bits_of<T>(q.nx > 0) == 0) return;
  uint32_t slow = divide_areas(q);
  const int32_t first_quad = static_cast<int32_t>(row * (p.columns - 1) + column);
  if (p.perspective_correct) {
    cover_fast<true>(p, band, q, first_quad);
  } else {
    cover_fast<false>(p, band, q, first_quad);
  }
  for (; slow; slow &= slow - 1) cover_slow(p, band, row, column + __builtin_ctz(slow));
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
      const int64_t column = k * kRasterizeChunk;
      for (int i = 0; i < kRasterizeChunk; i += Simd<T>::kLanes) cover_quads(p, band, row, column + i);
    }
  }
}

// ---- what a pixel shows ----

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
  const Edges<T> w = barycentrics(t, pixel_centre(static_cast<T>(x), inverse_size),
                                  pixel_centre(static_cast<T>(y), inverse_size), p.perspective_correct)
                         .weights;
  const CornerOffsets from = offsets_of(t, band.b, p.attribute_stride);
  for (int64_t c = 0; c < p.channels; ++c) {
    const T* value = p.attributes + c * p.attribute_stride.channel;
    image[c * plane] = weighted(w, value[from.v0], value[from.v1], value[from.v2]);
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

template <typename T>
void project_band(const RasterizeParams<T>& p, int64_t first, int64_t last) {
  for (int64_t row = first; row < last; ++row) {
    project_row(p, row);
    bound_row(p, row);
  }
}

}  // namespace

void project_rows(const RasterizeParams<float>& p, int64_t first, int64_t last) {
  project_band(p, first, last);
}
void project_rows(const RasterizeParams<double>& p, int64_t first, int64_t last) {
  project_band(p, first, last);
}

void rasterize_rows(const RasterizeParams<float>& p, int64_t b, int64_t first, int64_t last) {
  rasterize_band(p, b, first, last);
}
void rasterize_rows(const RasterizeParams<double>& p, int64_t b, int64_t first, int64_t last) {
  rasterize_band(p, b, first, last);
}

}  // namespace lifted::ops::LIFTED_ISA
