#include "lifted/data/heads/rasterizer.h"

namespace lifted::data::heads::LIFTED_ISA {
namespace {

LIFTED_INLINE int first_center(float low) {
  return -floor_to_int(0.5f - low);
}  // ceil(low - ½)
LIFTED_INLINE int last_center(float high) {
  return floor_to_int(high - 0.5f);
}
LIFTED_INLINE int at_least(int a, int b) {
  return a > b ? a : b;
}
LIFTED_INLINE int at_most(int a, int b) {
  return a < b ? a : b;
}

LIFTED_INLINE void draw(const RasterJob& job, const ScreenVertex& a, const ScreenVertex& b, const ScreenVertex& c,
                        int32_t id) {
  const int x0 = at_least(first_center(min_of(min_of(a.x, b.x), c.x)), 0);
  const int x1 = at_most(last_center(max_of(max_of(a.x, b.x), c.x)), job.width - 1);
  const int y0 = at_least(first_center(min_of(min_of(a.y, b.y), c.y)), 0);
  const int y1 = at_most(last_center(max_of(max_of(a.y, b.y), c.y)), job.height - 1);
  if (x0 > x1 || y0 > y1) return;
  const float area = edge_function(a, b, c.x, c.y);
  if (absolute(area) < 1e-12f) return;
  const float sign = area > 0 ? 1.0f : -1.0f;
  for (int y = y0; y <= y1; ++y) {
    const float py = static_cast<float>(y) + 0.5f;
    for (int x = x0; x <= x1; ++x) {
      const float px = static_cast<float>(x) + 0.5f;
      const float wa = sign * edge_function(b, c, px, py), wb = sign * edge_function(c, a, px, py);
      const float wc = sign * edge_function(a, b, px, py);
      if (wa < 0 || wb < 0 || wc < 0) continue;
      const float inverse_z = (wa * a.inverse_z + wb * b.inverse_z + wc * c.inverse_z) / max_of(wa + wb + wc, 1e-30f);
      const int64_t k = static_cast<int64_t>(y) * job.width + x;
      if (inverse_z <= job.inverse_z[k]) continue;
      job.inverse_z[k] = inverse_z;
      job.triangle[k] = id;
    }
  }
}

}  // namespace

void rasterize(const RasterJob& job) {
  for (int64_t t = 0; t < job.count; ++t) {
    const int32_t* corner = job.triangles[t].data();
    draw(job, job.vertices[corner[0]], job.vertices[corner[1]], job.vertices[corner[2]],
         job.first_id + static_cast<int32_t>(t));
  }
}

}  // namespace lifted::data::heads::LIFTED_ISA
