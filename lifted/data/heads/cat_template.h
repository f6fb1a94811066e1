// Places on the cat's template that its shape and its paint agree on: eyes, nose, mouth, ears.
//
// Template space of cats: centimetres; +x the subject's left, +y up from the line of the eyes, +z toward the viewer.
#pragma once

#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads::cat {

constexpr float eye_x = 1.92f, eye_z = 2.50f, eye_radius = 1.09f;
constexpr float lid_half_width = 0.98f, lid_cosine = 0.9848f, lid_sine = 0.1736f;  // outer corners 10° up

/// A point's place relative to an eye: -1 … 1 from the inner to the outer corner, and cm above the line between them.
struct LidPoint {
  float along, above;
};
LIFTED_INLINE LidPoint lid_point(float ax, float y) {
  const float dx = ax - eye_x, along = (dx * lid_cosine + y * lid_sine) / lid_half_width;
  const float inner = min_of(along + 0.35f, 0);  // tear ducts point down
  return {along, y * lid_cosine - dx * lid_sine + 0.28f * inner * inner};
}
/// Height of the lids' margins above the corners' line, cm.
LIFTED_INLINE float lid_margin(float along, bool upper) {
  const float arc = max_of(1 - along * along, 0), root = square_root(arc);
  return upper ? 0.74f * root * square_root(root) : -0.65f * root * square_root(root);
}
/// Distance to the lids' margin in cm, positive on the eye, for x = |x|.
LIFTED_INLINE float eye_opening(float ax, float y) {
  const LidPoint p = lid_point(ax, y);
  const float inside = min_of(lid_margin(p.along, true) - p.above, p.above - lid_margin(p.along, false));
  const float beyond = lid_half_width * max_of(absolute(p.along) - 1, 0);
  return beyond > 0 ? -square_root(square(beyond) + square(p.above)) : inside;
}

constexpr float nose_top = -1.20f, nose_bottom = -1.80f;
/// Distance to the outline of the nose leather in cm, positive inside.
LIFTED_INLINE float nose_leather(float ax, float y) {
  constexpr float heights[] = {nose_bottom, -1.68f, -1.48f, -1.32f, nose_top},
                  half_widths[] = {0.04f, 0.19f, 0.44f, 0.52f, 0.36f};
  const float side = interpolate(y, heights, half_widths) - ax;
  return min_of(0.85f * side, min_of(nose_top + 0.05f * ax - y, y - nose_bottom));
}

constexpr float mouth_corner_x = 1.22f, mouth_middle_y = -2.42f;
/// Height of the mouth's line at |x|, cm: the arms of the inverted Y.
LIFTED_INLINE float mouth_height(float ax) {
  constexpr float xs[] = {0, 0.2f, 0.5f, 0.8f, 1.05f, mouth_corner_x},
                  ys[] = {mouth_middle_y, -2.51f, -2.68f, -2.76f, -2.76f, -2.72f};
  return interpolate(ax, xs, ys);
}

/// The left ear's frame: from its root up, toward its outer edge, and out of its opening.
struct EarFrame {
  Vec3 root, up, across, out;
  float length, half_width;
};
LIFTED_INLINE EarFrame ear_frame() {
  EarFrame ear;
  ear.root = {2.38f, 1.80f, 0.35f};
  ear.up = normalized(Vec3{0.36f, 1, -0.10f});
  const Vec3 facing{0.34f, 0, 1};
  ear.out = normalized(facing - ear.up * dot(facing, ear.up));
  ear.across = cross(ear.up, ear.out);
  ear.length = 3.35f, ear.half_width = 1.78f;
  return ear;
}
/// The ear's outline: share of its half width at v = 0 (root) … 1 (tip).
LIFTED_INLINE float ear_taper(float v) {
  constexpr float vs[] = {-0.15f, 0.05f, 0.2f, 0.35f, 0.5f, 0.7f, 0.85f, 0.94f, 1},
                  widths[] = {0.30f, 0.68f, 0.93f, 0.89f, 0.74f, 0.48f, 0.27f, 0.14f, 0};
  return interpolate(v, vs, widths);
}

}  // namespace lifted::data::heads::cat
