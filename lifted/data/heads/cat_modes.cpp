#include "lifted/data/heads/cat_modes.h"

#include "lifted/data/heads/cat_template.h"

namespace lifted::data::heads::cat {
namespace {

/// 1 on the muzzle from nose to chin, easing out along the bridge and toward the cheeks.
float muzzle(Vec3 p) {
  return smoothstep(0.5f, -1.5f, p.y) * smoothstep(-4.3f, -3.4f, p.y) * gaussian1(p.x, 1.9f) *
         smoothstep(1.8f, 3.4f, p.z);
}

/// 1 on the eye and its lids, 0 from the far corner of the other eye's neighbourhood on.
float around_eye(Vec3 p, float reach) {
  const float d = square_root(square(p.x - eye_x) + square(p.y));
  return smoothstep(reach, 1.15f, d) * smoothstep(0.8f, 1.6f, p.z);
}

/// The way of lids that close wholly, around the eyeball.
Vec3 closing(Vec3 p) {
  const float above = p.y - 0.18f * (p.x - eye_x) + 0.05f, reach = around_eye(p, 1.9f);
  return {0, -above * reach, min_of(square(above), 1) * reach};
}

/// A point in the ear's frame: v 0 … 1 along it, the others in cm.
struct EarPoint {
  float v, across, out;
};
EarPoint ear_point(Vec3 p) {
  const EarFrame e = ear_frame();
  const Vec3 q = p - e.root;
  return {dot(q, e.up) / e.length, dot(q, e.across), dot(q, e.out)};
}

Motion on_ears(Motion motion) {
  return [motion = std::move(motion)](Vec3 p, Tissue t) { return t == Tissue::ear ? motion(p, t) : Vec3{}; };
}
Motion on_skin(Motion motion) {
  return [motion = std::move(motion)](Vec3 p, Tissue t) { return t == Tissue::skin ? motion(p, t) : Vec3{}; };
}
Motion not_ears(Motion motion) {
  return [motion = std::move(motion)](Vec3 p, Tissue t) { return t == Tissue::ear ? Vec3{} : motion(p, t); };
}

Motion scale(Vec3 factor) {
  return [=](Vec3 p, Tissue) { return Vec3{factor.x * p.x, factor.y * p.y, factor.z * p.z}; };
}

/// A soft push of the skin around (x, y).
Motion push(float x, float y, float sx, float sy, Vec3 by) {
  return on_skin([=](Vec3 p, Tissue) { return by * (gaussian2(p.x - x, p.y - y, sx, sy) * smoothstep(1, 2.6f, p.z)); });
}

/// Ears turned by small angles: outward and down, and around their own axis to the side.
Vec3 turned_ear(Vec3 p, float lean, float turn) {
  const EarFrame e = ear_frame();
  const Vec3 q = p - e.root;
  return Vec3{lean * q.y, -lean * q.x, 0} + cross(e.up, q) * turn;
}

/// The upper part of the ear folded forward and down.
Vec3 folded_ear(Vec3 p) {
  constexpr float start = 0.24f, radius = 0.28f, most = 2.5f;
  const EarFrame e = ear_frame();
  const EarPoint at = ear_point(p);
  const float beyond = e.length * (at.v - start);
  if (beyond <= 0) return {};
  const float angle = min_of(beyond / radius, most), rest = beyond - radius * angle;
  const float s = sine(angle), c = cosine(angle), shorter = 0.62f;
  const float up = e.length * start + radius * s + shorter * rest * c - at.out * s;
  const float out = radius * (1 - c) + shorter * rest * s + at.out * c;
  return e.up * (up - e.length * at.v) + e.out * (out - at.out);
}

Vec3 rounder_ear(Vec3 p) {
  const EarFrame e = ear_frame();
  const EarPoint at = ear_point(p);
  return e.up * (-0.42f * smoothstep(0.55f, 1, at.v)) + e.across * (0.45f * at.across * smoothstep(0.3f, 0.8f, at.v));
}

std::vector<Mode> muzzle_and_face() {
  return {
      {not_ears([](Vec3 p, Tissue) {
        return Vec3{0, -0.10f, 0.62f} * muzzle(p);
      })},
      {not_ears([](Vec3 p, Tissue) {
        return Vec3{0.13f * p.x * muzzle(p), 0, 0};
      })},
      {scale({0.055f, 0, 0})},
      {scale({0, 0.05f, 0})},
      {on_skin([](Vec3 p, Tissue) {
        return Vec3{0.36f, -0.05f, 0.08f} *
               (gaussian2(p.y + 1.7f, p.z - 0.8f, 1.5f, 2.4f) * smoothstep(1.8f, 3.6f, p.x));
      })},
      {[](Vec3 p, Tissue) {
        return Vec3{p.x * (0.015f - 0.085f * smoothstep(0.8f, -2.8f, p.y) * smoothstep(-7, -4, p.y)), 0, 0};
      }},
  };
}

std::vector<Mode> eyes() {
  return {
      {not_ears([](Vec3 p, Tissue) {
        return (p - Vec3{eye_x, 0, eye_z}) * (0.10f * around_eye(p, 2.3f));
      })},
      {not_ears([](Vec3 p, Tissue) {
        return Vec3{-p.y, p.x - eye_x, 0} * (0.11f * around_eye(p, 2.3f));
      })},
      {not_ears([](Vec3 p, Tissue) {
        return Vec3{0.13f * around_eye(p, 2.3f), 0, 0};
      })},
      {not_ears([](Vec3 p, Tissue) {
        return Vec3{0, 0.15f * around_eye(p, 2.6f), 0};
      })},
      {on_skin([](Vec3 p, Tissue) { return closing(p) * 0.15f; })},
  };
}

std::vector<Mode> ears() {
  return {
      {on_ears([](Vec3 p, Tissue) { return ear_frame().up * (0.62f * max_of(ear_point(p).v, 0)); })},
      {on_ears([](Vec3 p, Tissue) { return ear_frame().across * (0.14f * ear_point(p).across); })},
      {on_ears([](Vec3, Tissue) {
        return Vec3{0.27f, -0.17f, 0};
      })},
      {on_ears([](Vec3 p, Tissue) { return turned_ear(p, 0.12f, 0); })},
      {on_ears([](Vec3 p, Tissue) { return turned_ear(p, 0, 0.17f); })},
      {on_ears([](Vec3 p, Tissue) { return folded_ear(p); })},
      {on_ears([](Vec3 p, Tissue) { return rounder_ear(p); })},
  };
}

std::vector<Mode> details() {
  return {
      {not_ears([](Vec3 p, Tissue) {
        return Vec3{p.x, p.y + 1.5f, 0} * (0.16f * gaussian2(p.x, p.y + 1.5f, 0.75f, 0.6f) * smoothstep(2, 4, p.z));
      })},
      {push(0, -0.25f, 0.7f, 0.6f, {0, 0, -0.28f})},
      {push(0, -3.3f, 0.9f, 0.6f, {0, -0.12f, 0.2f})},
      {[](Vec3 p, Tissue) {
        return Vec3{0, 0.22f, 0.10f * smoothstep(0, 2, p.z)} * smoothstep(0.9f, 2.8f, p.y);
      }},
      {push(0.75f, -2.25f, 0.6f, 0.5f, {0.09f, -0.03f, 0.17f})},
      {on_skin([](Vec3 p, Tissue) {
        return Vec3{0.13f * p.x, 0, 0.05f * p.z} * smoothstep(-3.2f, -5.5f, p.y);
      })},
      {on_ears([](Vec3 p, Tissue) { return turned_ear(p, 0.07f, 0.05f); }), true},
      {not_ears([](Vec3 p, Tissue) {
         return Vec3{0.07f * muzzle(p), 0, 0};
       }),
       true},
  };
}

}  // namespace

std::vector<Mode> trait_modes() {
  std::vector<Mode> modes;
  for (auto part : {muzzle_and_face, eyes, ears, details})
    for (Mode& mode : part()) modes.push_back(std::move(mode));
  return modes;
}

std::vector<Expression> expressions() {
  return {{"earBack", on_ears([](Vec3 p, Tissue) { return turned_ear(p, 0.30f, 0.45f); })},
          {"eyeSquint", on_skin([](Vec3 p, Tissue) { return closing(p) * 0.5f; })}};
}

Vec3 moved(const Mode& mode, Vec3 p, Tissue tissue) {
  if (p.x >= 0) return mode.left(p, tissue);
  const Vec3 mirrored = mode.left({-p.x, p.y, p.z}, tissue);
  const float sign = mode.antisymmetric ? -1.0f : 1.0f;
  return Vec3{-mirrored.x, mirrored.y, mirrored.z} * sign;
}

}  // namespace lifted::data::heads::cat
