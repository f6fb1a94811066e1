#include "lifted/data/heads/analytic_shape.h"

#include <cmath>

#include "lifted/data/heads/head_polar.h"

namespace lifted::data::heads {
namespace {

/// The larger of two numbers, with a rounded corner.
float smooth_maximum(float a, float b, float width) {
  return 0.5f * (a + b + square_root(square(a - b) + width * width));
}

/// Exponent-n sum: the radius of a superellipse with half-axes a and b in the direction (ca, cb).
float superellipse(float ca, float cb, float a, float b, float n) {
  const float sum = power(max_of(absolute(ca) / a, 1e-6f), n) + power(max_of(absolute(cb) / b, 1e-6f), n);
  return power(sum, -1 / n);
}

/// Far intersection of a ray with a sphere, or 0.
float sphere_radius(const PolarRay& ray, Vec3 center, float radius) {
  const Vec3 to_center = center - ray.origin;
  const float along = dot(to_center, ray.direction),
              inside = radius * radius - dot(to_center, to_center) + along * along;
  return inside > 0 && along > 0 ? along + square_root(inside) : 0;
}

}  // namespace

AnalyticShape::AnalyticShape()
    : half_width_(monotone_curve({{-19, 15},
                                  {-16, 13.5f},
                                  {-14, 10.5f},
                                  {-12.5f, 6.8f},
                                  {-11, 5.0f},
                                  {-9.7f, 4.35f},
                                  {-8.6f, 4.3f},
                                  {-7.6f, 4.6f},
                                  {-6.4f, 5.5f},
                                  {-4.8f, 6.4f},
                                  {-2, 7.0f},
                                  {0, 7.3f},
                                  {2, 7.55f},
                                  {4, 7.7f}},
                                 -19, 4)),
      front_(monotone_curve({{-19, 7.5f},
                             {-16, 6.0f},
                             {-14, 4.6f},
                             {-12, 3.3f},
                             {-10.5f, 3.0f},
                             {-9.3f, 3.9f},
                             {-8.7f, 5.6f},
                             {-8.2f, 7.6f},
                             {-7.6f, 8.9f},
                             {-6.6f, 9.5f},
                             {-4, 9.7f},
                             {-2, 9.75f},
                             {0, 9.7f},
                             {2, 9.6f},
                             {4, 9.65f}},
                            -19, 4)),
      back_(monotone_curve({{-19, 8.5f},
                            {-16, 7.5f},
                            {-13, 6.3f},
                            {-9, 5.7f},
                            {-6, 5.75f},
                            {-4, 6.0f},
                            {-2, 6.8f},
                            {0, 7.6f},
                            {2, 8.25f},
                            {4, 8.6f}},
                           -19, 4)),
      roundness_(monotone_curve(
          {{-12, 2.0f}, {-9.5f, 2.0f}, {-8.2f, 1.55f}, {-7, 1.6f}, {-5.5f, 1.85f}, {-3, 2.25f}, {0, 2.45f}, {4, 2.45f}},
          -12, 4)),
      nose_ridge_(monotone_curve({{-2, 0},
                                  {-1.5f, 0.08f},
                                  {-1.1f, 0.40f},
                                  {-0.7f, 1.35f},
                                  {-0.2f, 2.45f},
                                  {0.3f, 2.75f},
                                  {1, 2.35f},
                                  {2, 1.65f},
                                  {3, 1.05f},
                                  {4, 0.55f},
                                  {5, 0.2f},
                                  {6, 0}},
                                 -2, 6)),
      nose_spread_(
          monotone_curve({{-1, 1.15f}, {0.2f, 1.05f}, {1.2f, 0.90f}, {3, 0.80f}, {5, 1.0f}, {6, 1.2f}}, -1, 6)) {}

float AnalyticShape::skull(float theta, float h, const AnalyticTraits& traits) const {
  const float y = polar_center_y + min_of(h, 0), s = sine(theta), c = cosine(theta);
  const float jaw = gaussian1(y + 5, 3) * 0.4f * traits.jaw, neck = smoothstep(-7.5f, -9.5f, y) * 0.3f * traits.neck;
  const float width = curve_at(half_width_, y) + jaw + neck, front = curve_at(front_, y) + neck,
              back = curve_at(back_, y) + neck;
  const float sideways = superellipse(s, c, width, front, curve_at(roundness_, y)),
              behind = superellipse(s, c, width, back, 2.2f);
  const float level = c > 0 ? sideways : behind;
  if (h <= 0) return level;
  const float elevation = h / polar_radius;
  return superellipse(cosine(elevation), sine(elevation), level, 10.5f + 0.35f * traits.crown, 2.4f);
}

float AnalyticShape::nose(float x, float y, const AnalyticTraits& traits) const {
  const float stretched = 0.3f + (y - 0.3f) / (1 + 0.10f * traits.nose_length * smoothstep(4, 0, y));
  const float spread = curve_at(nose_spread_, stretched) * (1 + 0.14f * traits.nose_width);
  const float height = curve_at(nose_ridge_, stretched) * (1 + 0.08f * traits.nose_length) +
                       0.18f * traits.nose_bridge * gaussian1(stretched - 2.6f, 1.4f);
  const float wings = (0.62f + 0.12f * traits.nose_width) *
                      gaussian2(x - 1.25f - 0.12f * traits.nose_width, stretched + 0.15f, 0.48f, 0.55f);
  return height * gaussian1(x, spread) + wings;
}

float AnalyticShape::bumps(float x, float y, const AnalyticTraits& t) const {
  float d = nose(x, y, t);
  d += (0.45f + 0.18f * t.muzzle) * gaussian2(x, y + 3.2f, 3.0f, 2.4f);
  d += (0.34f + 0.11f * t.lips) * gaussian2(x, y + 2.92f, 1.75f, 0.40f) +
       (0.42f + 0.13f * t.lips) * gaussian2(x, y + 3.95f, 1.5f, 0.42f);
  d -= 0.26f * gaussian1(y + 3.45f, 0.15f) * smoothstep(2.8f, 2.1f, x) + 0.10f * gaussian2(x, y + 1.9f, 0.32f, 0.6f);
  d += (0.55f + 0.25f * t.chin) * gaussian2(x, y + 6.6f, 1.6f, 1.0f) - 0.28f * gaussian2(x, y + 5.1f, 1.7f, 0.42f);
  d += (0.42f + 0.2f * t.brow_ridge) * gaussian2(x - 3.0f, y - 5.9f, 2.4f, 0.85f) +
       0.15f * gaussian2(x, y - 5.6f, 1.0f, 0.9f);
  d -= (0.80f + 0.15f * t.socket) * gaussian2(x - 3.1f, y - 3.8f, 1.8f, 1.25f);
  d += (0.45f + 0.25f * t.cheekbones) * gaussian2(x - 5.2f, y - 1.0f, 1.8f, 1.5f);
  d += (0.22f + 0.25f * t.cheeks) * gaussian2(x - 4.2f, y + 1.8f, 1.7f, 1.7f) +
       0.3f * t.forehead * gaussian2(x, y - 9, 4.5f, 2.2f);
  return d;
}

float AnalyticShape::lid_margin(float along, bool upper) {
  const float arc = max_of(1 - along * along, 0);
  return 3.52f + 0.10f * along + (upper ? 0.66f * power(max_of(arc, 1e-6f), 0.85f) : -0.42f * arc);
}

Vec3 AnalyticShape::point(float theta, float h, const AnalyticTraits& traits) const {
  const PolarRay ray = polar_ray(theta, h);
  const auto at = [&](float radius) { return ray.origin + ray.direction * radius; };
  float radius = skull(theta, h, traits);
  const Vec3 base = at(radius);
  radius += bumps(absolute(base.x), base.y, traits) * smoothstep(1, 4.5f, base.z);
  const float side = theta > 0 ? 1.0f : -1.0f;
  const float lid = sphere_radius(ray, {side * eye_x, eye_y, eye_z}, eye_radius + 0.13f);
  if (lid > 0) radius = smooth_maximum(radius, lid, 0.20f);
  // Between the lids the skin dives behind the eyeball; the z-buffer draws the margin.
  const Vec3 p = at(radius);
  const float along = (absolute(p.x) - eye_x) / lid_half_width;
  if (p.z > 7 && absolute(along) < 1.1f) {
    const float inside = min_of(lid_margin(along, true) - p.y, p.y - lid_margin(along, false));
    radius -= 0.55f * smoothstep(-0.04f, 0.10f, inside) * (1 - traits.closed_lids);
  }
  return at(radius);
}

float AnalyticShape::occlusion(Vec3 p) {
  const float x = absolute(p.x), y = p.y;
  const float under_jaw =
      smoothstep(-6.3f, -8.3f, y) * smoothstep(-12.5f, -10, y) * smoothstep(7.5f, 5, p.z) * smoothstep(-6, 0, p.z);
  if (p.z < 2) return 1 - 0.5f * under_jaw;
  float dark = 0.72f * gaussian1(y + 3.45f, 0.13f) * smoothstep(2.8f, 2.3f, x);
  dark += 0.85f * gaussian2(x - 0.68f, y + 0.72f, 0.36f, 0.20f) + 0.35f * gaussian2(x - 1.8f, y + 0.1f, 0.25f, 0.6f);
  dark += 0.30f * gaussian2(x - 1.6f, y - 3.6f, 0.5f, 0.8f) + 0.25f * gaussian2(x - 3.0f, y - 4.75f, 1.6f, 0.40f);
  dark += 0.22f * gaussian2(x, y + 4.95f, 1.4f, 0.30f) + 0.15f * gaussian2(x - 3.1f, y - 2.6f, 1.2f, 0.3f);
  dark += 0.5f * under_jaw;
  return clamp(1 - dark, 0.05f, 1);
}

}  // namespace lifted::data::heads
