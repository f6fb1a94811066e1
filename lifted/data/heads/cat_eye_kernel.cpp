// Cats' eyes: an iris that fills the lids, a slit that opens to a circle, and the same catch light as people's.
#include "lifted/data/heads/cat_paint.h"
#include "lifted/data/heads/cat_template.h"
#include "lifted/data/heads/noise.h"

namespace lifted::data::heads::LIFTED_ISA {
namespace {

constexpr float iris_radius = 0.95f;  // cm along the eyeball

/// Distance in cm to the pupil's outline, positive inside.
LIFTED_INLINE float pupil_inside(float across, float up, float share) {
  const float height = mix(0.74f, 0.65f, smoothstep(0.3f, 0.6f, share)), v = square(up / height);
  const float lens = 1 - v, circle = square_root(max_of(lens, 0)), round = smoothstep(0.25f, 0.55f, share);
  return iris_radius * share * mix(lens, circle, round) - absolute(across) - (v > 1 ? 1.0f : 0.0f);
}

LIFTED_INLINE Color eye_color(const CatEyes& eyes, Color iris, Vec3 ux, Vec3 uy, Vec3 gaze, uint32_t seed, Vec3 q) {
  const float across = cat::eye_radius * arcsine(clamp(dot(q, ux), -1, 1)),
              up = cat::eye_radius * arcsine(clamp(dot(q, uy), -1, 1)),
              r = cat::eye_radius * arccosine(clamp(dot(q, gaze), -1, 1));
  const float inverse = 1 / max_of(square_root(across * across + up * up), 1e-4f), u = r / iris_radius;
  const float n = value_noise(7 * across * inverse, 7 * up * inverse, 2 * r, seed);
  const float light = (1.12f + 0.10f * n - 0.28f * up) * (1 - 0.5f * smoothstep(0.82f, 1.02f, u));
  const float warm = smoothstep(0.75f, 0.2f, u);  // greener or browner toward the pupil
  Color c = mix(iris * light, Color{iris.x * 0.92f, iris.y * 1.02f, iris.z * 0.75f} * light, warm);
  c = mix(c, Color{.30f, .25f, .22f}, smoothstep(1.0f, 1.12f, u));
  const float p = pupil_inside(across, up, eyes.pupil);
  c = mix(c, Color{.025f, .025f, .03f}, smoothstep(-0.035f, 0.035f, p));
  const float hx = across + 0.28f, hy = up - 0.31f;
  return mix(c, Color{.97f, .97f, .97f}, 0.85f * smoothstep(0.19f, 0.09f, square_root(hx * hx + hy * hy)));
}

}  // namespace

void paint_cat_eyes(const CatPaint& paint, const PaintPoints& p) {
  const CatEyes& eyes = paint.cat->eyes;
  const Vec3 ux = normalized(cross({0, 1, 0}, paint.gaze)), uy = cross(paint.gaze, ux);
  for (int i = 0; i < p.count; ++i) {
    const bool left = p.x[i] > 0;
    const Vec3 center{left ? cat::eye_x : -cat::eye_x, 0, cat::eye_z};
    const Vec3 q = normalized(Vec3{p.x[i], p.y[i], p.z[i]} - center);
    const Color iris = mix(eyes.iris[1], eyes.iris[0], left ? 1.0f : 0.0f);
    const Color c = eye_color(eyes, iris, ux, uy, paint.gaze, paint.cat->noise_seed + 91, q);
    const cat::LidPoint lid = cat::lid_point(absolute(p.x[i]), p.y[i]);
    const float below = cat::lid_margin(lid.along, true) - lid.above;  // the upper lid casts a shadow
    const float rim = cat::eye_opening(absolute(p.x[i]), p.y[i]);
    const float shade =
        (1 - 0.50f * gaussian1(max_of(below, 0), 0.22f)) * (1 - 0.35f * gaussian1(max_of(rim, 0), 0.09f));
    p.red[i] = c.x * shade, p.green[i] = c.y * shade, p.blue[i] = c.z * shade;
  }
}

}  // namespace lifted::data::heads::LIFTED_ISA
