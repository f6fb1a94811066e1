// Where a cat's coat has which color: fields over the template, 0 … 1 unless said otherwise.
#pragma once

#include "lifted/data/heads/cat.h"
#include "lifted/data/heads/cat_template.h"
#include "lifted/data/heads/noise.h"

namespace lifted::data::heads::cat {

/// 1 on a line of half width `w` at distance d.
LIFTED_INLINE float line(float d, float w) {
  return smoothstep(1.3f * w, 0.5f * w, absolute(d));
}

/// The lines of the forehead's M: over the inner corners of the eyes, up to the crown and between the ears.
LIFTED_INLINE float forehead_marks(float ax, float y, float z, float wobble, float width) {
  const float up = y + 0.35f * max_of(2.4f - z, 0);  // goes on over the crown
  const float q = ax / (0.80f + 0.16f * max_of(up - 1, 0)) + 0.10f * wobble, w = 0.135f * width;
  const float middle = line(q, 0.9f * w) * smoothstep(1.7f, 2.1f, up);
  const float inner = line(q - 0.46f, w) * smoothstep(1.35f, 1.6f, up);
  const float outer = line(q - 1.12f, 1.2f * w) * smoothstep(0.85f, 1.1f, up);
  const float far = line(q - 1.85f, 1.2f * w) * smoothstep(1.0f, 1.3f, up);
  const float valley = line(0.75f * (up - 1.20f - 0.95f * q), 0.65f * w) * smoothstep(1.15f, 0.95f, q);
  return max_of(max_of(max_of(middle, inner), max_of(outer, far)), 0.6f * valley);
}

/// The lines from the eyes' outer corners and under them across the cheeks.
LIFTED_INLINE float cheek_marks(float ax, float y, float wobble, float width) {
  const float x = ax - 2.7f, w = 0.15f * width;
  const float eye = line(y - (0.12f - 0.22f * x) - 0.08f * wobble, w) * smoothstep(0.05f, 0.4f, x);
  const float low =
      line(y - (-0.80f - 0.42f * x - 0.10f * x * x) - 0.10f * wobble, 1.15f * w) * smoothstep(-0.5f, 0.1f, x);
  const float last = line(y - (-1.55f - 0.5f * x) - 0.12f * wobble, w) * smoothstep(0.2f, 0.8f, x);
  return max_of(max_of(eye, low), 0.8f * last);
}

/// Bands around throat and chest, and behind the face.
LIFTED_INLINE float body_marks(float ax, float y, float z, float wobble, float width) {
  const float wave = sine(2.6f * y - 0.35f * ax + 1.1f * wobble), side = sine(2.8f * (z - 0.4f * y) + wobble);
  const float low = 0.75f * smoothstep(0.0f, 0.95f, wave + 0.3f * (width - 1)) * smoothstep(-3.9f, -4.6f, y);
  const float back = smoothstep(0.2f, 0.7f, side) * smoothstep(0.2f, -0.8f, z) * smoothstep(-4.2f, -3, y);
  return max_of(low, back);
}

/// How white comes over a head: from chin and chest over muzzle and blaze to the ears. Compared with the amount.
LIFTED_INLINE float white_order(float x, float y, float z, float lean, float wobble) {
  const float ax = absolute(x), front = smoothstep(2.2f, 3.2f, z);
  const float chest = 0.08f + 0.16f * ax + 0.9f * smoothstep(-6.2f, -3.2f, y + 0.5f * wobble);
  const float muzzle = 0.14f + 0.20f * square_root(square(ax * 0.75f) + square(y + 2.7f)) + 0.6f * (1 - front);
  const float blaze = 0.36f + 0.42f * absolute(x - lean * smoothstep(-1, 2, y)) + 0.075f * max_of(y + 1, 0);
  const float rest = 0.62f + 0.10f * max_of(y + 1.5f, 0) + 0.03f * ax;
  return min_of(min_of(chest, muzzle), min_of(blaze, rest)) + 0.13f * wobble;
}

/// The mask of colour-pointed cats.
LIFTED_INLINE float face_points(float x, float y, float z, float extent, float wobble) {
  const float d = square_root(square(x) + square(0.85f * (y + 0.9f)) + square(0.55f * max_of(3.6f - z, 0)));
  return smoothstep(3.0f * extent, 1.15f * extent, d + 0.35f * wobble);
}

/// Where fur is pale in most coats: chin and pads, and a ring around the eyes.
LIFTED_INLINE float pale_places(float ax, float y, float z, float ring) {
  const float front = smoothstep(1.5f, 2.8f, z);
  const float chin = max_of(gaussian2(ax, y + 3.15f, 1.2f, 0.55f), gaussian2(ax - 0.62f, y + 2.45f, 0.55f, 0.42f));
  const float open = eye_opening(ax, y);
  const float around = gaussian1(open + 0.30f, 0.22f) * (0.55f + 0.45f * smoothstep(-0.2f, 0.4f, absolute(y)));
  const float throat = 0.7f * gaussian1(ax, 1.8f) * smoothstep(-3.6f, -4.4f, y);
  return max_of(max_of(chin, ring * around) * front, throat);
}

}  // namespace lifted::data::heads::cat
