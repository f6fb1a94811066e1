#include "lifted/data/heads/cat_shape.h"

#include "lifted/data/heads/cat_template.h"

namespace lifted::data::heads::cat {
namespace {

constexpr float skull_radius = 4.2f, crown = 2.85f;

struct Ray {
  Vec3 origin, direction;
};

Ray ray_at(float theta, float h) {
  const float elevation = max_of(h, 0) / skull_radius;
  return {{0, min_of(h, 0), 0}, {sine(theta) * cosine(elevation), sine(elevation), cosine(theta) * cosine(elevation)}};
}

/// Radius of a superellipse with half-axes a and b in the direction (ca, cb).
float superellipse(float ca, float cb, float a, float b, float n) {
  const float sum = power(max_of(absolute(ca) / a, 1e-6f), n) + power(max_of(absolute(cb) / b, 1e-6f), n);
  return power(sum, -1 / n);
}

/// Far intersection of a ray with a sphere, or 0.
float sphere_radius(const Ray& ray, Vec3 center, float radius) {
  const Vec3 to_center = center - ray.origin;
  const float along = dot(to_center, ray.direction);
  const float inside = radius * radius - dot(to_center, to_center) + along * along;
  return inside > 0 && along > 0 ? along + square_root(inside) : 0;
}

float smooth_maximum(float a, float b, float width) {
  return 0.5f * (a + b + square_root(square(a - b) + width * width));
}

}  // namespace

CatShape::CatShape()
    : half_width_(monotone_curve({{-13, 7.0f},
                                  {-9, 5.4f},
                                  {-7, 4.5f},
                                  {-5.6f, 3.95f},
                                  {-4.6f, 3.7f},
                                  {-3.8f, 3.7f},
                                  {-3.0f, 3.85f},
                                  {-2.2f, 4.15f},
                                  {-1.4f, 4.35f},
                                  {-0.6f, 4.3f},
                                  {0, 4.2f}},
                                 -13, 0)),
      front_(monotone_curve({{-13, 5.0f},
                             {-9, 4.0f},
                             {-7, 3.15f},
                             {-5.4f, 2.45f},
                             {-4.5f, 2.2f},
                             {-3.9f, 2.35f},
                             {-3.4f, 2.8f},
                             {-2.8f, 3.2f},
                             {-2, 3.4f},
                             {-1, 3.5f},
                             {0, 3.5f}},
                            -13, 0)),
      back_(monotone_curve({{-13, 7}, {-7, 5}, {-4.5f, 4.2f}, {-3, 4.0f}, {-1, 4.3f}, {0, 4.4f}}, -13, 0)),
      bridge_(monotone_curve({{-1.95f, 0},
                              {-1.8f, 0.35f},
                              {-1.6f, 0.95f},
                              {-1.35f, 1.14f},
                              {-0.9f, 0.98f},
                              {-0.3f, 0.62f},
                              {0.3f, 0.32f},
                              {1.2f, 0.1f},
                              {2, 0}},
                             -1.95f, 2)) {}

float CatShape::skull(float theta, float h) const {
  const float y = min_of(h, 0), s = sine(theta), c = cosine(theta);
  const float width = curve_at(half_width_, y);
  const float level = c > 0 ? superellipse(s, c, width, curve_at(front_, y), 2.35f)
                            : superellipse(s, c, width, curve_at(back_, y), 2.2f);
  if (h <= 0) return level;
  const float elevation = h / skull_radius;
  return superellipse(cosine(elevation), sine(elevation), level, crown, 2.25f);
}

/// What stands out of the skull in front, cm along z.
float CatShape::relief(float ax, float y) const {
  float d = curve_at(bridge_, y) * gaussian1(ax, 0.62f + 0.10f * smoothstep(-1, 0.6f, y));
  d += 1.20f * gaussian2(ax, y + 2.35f, 1.40f, 0.95f);
  d += 0.42f * gaussian2(ax - 0.72f, y + 2.28f, 0.66f, 0.52f) -
       0.16f * gaussian1(ax, 0.12f) * smoothstep(-1.7f, -1.9f, y) * smoothstep(-2.75f, -2.5f, y);
  d -= 0.16f * gaussian1(y - mouth_height(ax), 0.10f) * smoothstep(1.4f, 1.0f, ax);
  d += 0.50f * gaussian2(ax, y + 3.25f, 0.75f, 0.42f);
  d -= 0.10f * gaussian2(ax - 0.27f, y + 1.60f, 0.12f, 0.09f);
  d += 0.22f * gaussian2(ax - 1.9f, y - 1.15f, 1.1f, 0.5f) + 0.10f * gaussian2(ax, y - 1.9f, 1.6f, 0.8f);
  d -= 0.40f * gaussian2(ax - 1.95f, y, 1.15f, 0.9f) + 0.22f * gaussian2(ax - 0.95f, y + 0.45f, 0.4f, 0.5f);
  d += 0.28f * gaussian2(ax - 2.7f, y + 1.5f, 0.9f, 0.8f);
  return d;
}

Vec3 CatShape::skin(float theta, float h) const {
  const Ray ray = ray_at(theta, h);
  float radius = skull(theta, h);
  const auto at = [&](float r) { return ray.origin + ray.direction * r; };
  const Vec3 base = at(radius);
  const float ax = absolute(base.x), front = smoothstep(0.6f, 2.6f, base.z);
  const float side = theta > 0 ? 1.0f : -1.0f;
  float z = base.z + relief(ax, base.y) * front;
  const Vec3 raised{base.x, base.y, z};
  // Lids hug the eyeball along the ray; what stands out keeps its place in the frontal view.
  const float lid =
      sphere_radius({{0, base.y, 0}, normalized({base.x, 0, z})}, {side * eye_x, 0, eye_z}, eye_radius + 0.10f);
  const float flat = length(Vec3{base.x, 0, z});
  float out = flat;
  if (lid > 0 && front > 0.5f) out = smooth_maximum(flat, lid, 0.16f);
  const Vec3 direction = normalized({base.x, 0, z});
  Vec3 p = Vec3{0, base.y, 0} + direction * out;
  // Between the lids the skin dives behind the eyeball; the z-buffer draws the margin.
  const float opening = eye_opening(absolute(p.x), p.y);
  if (p.z > 1.5f) p = p - direction * (0.55f * smoothstep(-0.03f, 0.07f, opening));
  return raised.z > 0.6f ? p : base;
}

Vec3 CatShape::ear(float v, float phi) {
  const EarFrame e = ear_frame();
  const float u = cosine(phi), inside = sine(phi), width = e.half_width * ear_taper(v);
  const float belly = 0.16f * gaussian1(v - 0.3f, 0.35f) * smoothstep(0, 1, u);  // the outer edge is rounder
  const float cup = 0.85f * (u * u - 0.75f) * width * (1 - 0.25f * v);
  const float thickness = (0.10f + 0.10f * (1 - v)) * inside * smoothstep(1.0f, 0.85f, v);
  const float curl = -0.25f * square(v);  // tips lean back
  return e.root + e.up * (e.length * v) + e.across * (u * width + belly) + e.out * (cup + thickness + curl);
}

}  // namespace lifted::data::heads::cat
