// Head-polar coordinates (theta, h) around the template's skull, and the grid of the hair shell in them.
// theta: 0 in front, positive toward the subject's left. h: centimetres along the skull, 15.7 at the crown, 0 at eye
// height + 0.4, negative = centimetres below.
#pragma once

#include <algorithm>

#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads {

constexpr float polar_center_y = 4, polar_radius = 10;
constexpr float pi = 3.14159265f;

struct HeadPolar {
  float theta, h;
};

LIFTED_INLINE HeadPolar head_polar(float x, float y, float z) {
  const float q = y - polar_center_y, r = square_root(x * x + z * z);
  const float above = polar_radius * arctangent2(max_of(q, 0.0f), r);
  return {arctangent2(x, z), q > 0 ? above : q};
}

/// The ray of head-polar coordinates: origin on the head's axis, outward direction.
struct PolarRay {
  Vec3 origin, direction;
};
LIFTED_INLINE PolarRay polar_ray(float theta, float h) {
  const float elevation = max_of(h, 0.0f) / polar_radius, c = cosine(elevation);
  return {{0, polar_center_y + min_of(h, 0.0f), 0}, {sine(theta) * c, sine(elevation), cosine(theta) * c}};
}

// The full grid of the hair shell: rows from crown to shoulder, columns from the back over the subject's right, the
// front and the left to the back again (the last column repeats the first).
constexpr int hair_rows = 160, hair_columns = 513;
constexpr float hair_top = 15.7079633f * 0.985f, hair_bottom = -18;

LIFTED_INLINE float row_height(float row) {
  const float upper = hair_top * (1 - row / 80), lower = hair_bottom * (row - 80) / 79;
  return row < 80 ? upper : lower;
}
LIFTED_INLINE float height_row(float h) {
  return h > 0 ? 80 * (1 - min_of(h, hair_top) / hair_top) : 80 + 79 * max_of(h, hair_bottom) / hair_bottom;
}
LIFTED_INLINE float column_theta(float column) {
  return pi * (2 * column / (hair_columns - 1) - 1);
}
LIFTED_INLINE float theta_column(float theta) {
  return (theta / pi + 1) * 0.5f * (hair_columns - 1);
}

}  // namespace lifted::data::heads
