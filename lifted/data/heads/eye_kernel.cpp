// Eyeballs (sclera, iris, pupil and a painted catch light around the gaze) and the sockets behind the lids.
#include <algorithm>

#include "lifted/data/heads/lid_distance.h"
#include "lifted/data/heads/materials.h"
#include "lifted/data/heads/noise.h"

namespace lifted::data::heads::LIFTED_ISA {
namespace {

LIFTED_INLINE Color eye_color(const EyeParameters& eyes, const Paint& paint, Vec3 ux, Vec3 uy, uint32_t seed, Vec3 q) {
  const float across = dot(q, ux), up = dot(q, uy), r = 1.5f * arccosine(clamp(dot(q, paint.gaze), -1, 1));
  const float rim = smoothstep(0.6f, 1.3f, r), white = eyes.sclera * (1 - 0.10f * smoothstep(0.7f, 1.3f, r));
  Color c{white, white * 0.97f * exponential(-0.0304592f * rim), white * 0.945f * exponential(-0.0408220f * rim)};
  const float s = square_root(across * across + up * up), inverse = 1 / max_of(s, 1e-6f);
  const float n = value_noise(4 * across * inverse, 4 * up * inverse, 2 * r, seed + 91);
  const float u = clamp01((r - eyes.pupil) / (eyes.iris_radius - eyes.pupil));
  const float k = (1.25f - 0.35f * u + 0.25f * (1 - u) * n) * (1 - 0.55f * smoothstep(0.72f, 1, u));
  c = mix(c, eyes.iris * k, smoothstep(eyes.iris_radius + 0.04f, eyes.iris_radius - 0.05f, r));
  c = mix(c, Color{.02f, .02f, .02f}, smoothstep(eyes.pupil + 0.03f, eyes.pupil - 0.03f, r));
  const float hx = 1.5f * arcsine(clamp(across, -1, 1)) - 0.20f, hy = 1.5f * arcsine(clamp(up, -1, 1)) - 0.22f;
  return mix(c, Color{.97f, .97f, .97f}, 0.85f * smoothstep(0.13f, 0.05f, square_root(hx * hx + hy * hy)));
}

/// Shadow of the upper lid.
void shade_under_lid(const Paint& paint, const PaintPoints& p, int start, int count) {
  EyeRegion region;
  region.count = count;
  for (int i = 0; i < count; ++i)
    region.index[i] = i, region.x[i] = p.x[start + i], region.y[i] = p.y[start + i], region.z[i] = p.z[start + i];
  float distance[paint_block];
  lid_distance(paint.upper_lids, region, count, distance);
  for (int i = 0; i < count; ++i) {
    const int k = start + i;
    const float open = 0.38f + 0.75f * exponential(0.8f * logarithm(clamp(p.occlusion[k], 1e-6f, 1)));
    const float shade = clamp01(open) * (1 - 0.45f * gaussian1(distance[i], 0.28f));
    p.red[k] *= shade, p.green[k] *= shade, p.blue[k] *= shade;
  }
}

}  // namespace

void paint_eyeballs(const Paint& paint, const PaintPoints& p) {
  const EyeParameters& eyes = paint.person->eyes;
  const uint32_t seed = paint.person->noise_seed;
  const Vec3 ux = normalized(cross({0, 1, 0}, paint.gaze)), uy = cross(paint.gaze, ux);
  for (int start = 0; start < p.count; start += paint_block) {
    const int count = std::min(paint_block, p.count - start);
    for (int i = start; i < start + count; ++i) {
      const bool left = p.x[i] > 0;
      const Vec3 e0 = paint.eye_centers[0], e1 = paint.eye_centers[1];
      const Vec3 center{left ? e0.x : e1.x, left ? e0.y : e1.y, left ? e0.z : e1.z};
      const Color c = eye_color(eyes, paint, ux, uy, seed, normalized(Vec3{p.x[i], p.y[i], p.z[i]} - center));
      p.red[i] = c.x, p.green[i] = c.y, p.blue[i] = c.z;
    }
    shade_under_lid(paint, p, start, count);
  }
}

void paint_eye_sockets(const Paint& paint, const PaintPoints& p) {
  const SkinParameters& skin = paint.person->skin;
  const Color c = mix(skin_color(0.6f * skin.melanin, skin.hemoglobin + 0.9f), Color{.78f, .52f, .48f}, 0.35f);
  for (int i = 0; i < p.count; ++i) {
    const float k = clamp01(0.45f + 0.6f * p.occlusion[i]);
    p.red[i] = c.x * k, p.green[i] = c.y * k, p.blue[i] = c.z * k;
  }
}

}  // namespace lifted::data::heads::LIFTED_ISA
