// Paint: albedo as a function of template position, part and the sample's parameters, never of what is visible, so that
// a point of a head has the same color in every view, light and resolution.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lifted/data/heads/curves.h"
#include "lifted/data/heads/hair_field.h"
#include "lifted/data/heads/recipe.h"

namespace lifted::data::heads {

/// Surface points as separate arrays, and where their albedo goes.
struct PaintPoints {
  int count;
  const float *x, *y, *z;  ///< template position
  const float *occlusion, *ear;
  float *red, *green, *blue;  ///< out
};

struct HairPoints {
  int count;
  const float *theta, *h, *field, *cavity;
  float *red, *green, *blue;  ///< out
};

/// Everything paint depends on besides the position; pointers are borrowed.
struct Paint {
  const IdentityParameters* person;
  const HairField* hair_field;
  const FaceCurves* curves;
  const std::vector<Vec3>* upper_lids;  ///< two polylines: subject's right, left
  const std::vector<Vec3>* lower_lids;
  std::array<Vec3, 2> eye_centers;  ///< subject's left, right
  std::vector<Vec3> moles;          ///< template positions
  Color cloth;
  float cloth_height;
  Vec3 gaze;  ///< unit vector
};

/// Skin of melanin m and hemoglobin h in display space.
LIFTED_INLINE float encode_srgb(float c) {
  c = clamp(c, 0, 1);
  return c <= 0.0031308f ? c * 12.92f : 1.055f * power(max_of(c, 0.0031308f), 1 / 2.4f) - 0.055f;
}
LIFTED_INLINE Color skin_color(float m, float h) {
  return {encode_srgb(0.90f * exponential(-(m * 0.27f + m * m * 0.20f + h * 0.05f))),
          encode_srgb(0.695f * exponential(-(m * 0.58f + m * m * 0.16f + h * 0.36f))),
          encode_srgb(0.50f * exponential(-(m * 0.88f + m * m * 0.095f + h * 0.30f)))};
}

LIFTED_DECLARE_ISA(void paint_skin(const Paint& paint, const PaintPoints& points);
                   void paint_eyeballs(const Paint& paint, const PaintPoints& points);
                   void paint_eye_sockets(const Paint& paint, const PaintPoints& points);
                   void paint_mouth(const Paint& paint, const PaintPoints& points);
                   void paint_gums(const Paint& paint, const PaintPoints& points);
                   void paint_teeth(const Paint& paint, const PaintPoints& points);
                   void paint_hair(const Paint& paint, const HairPoints& points);)

}  // namespace lifted::data::heads
