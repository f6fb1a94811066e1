// The built-in head as a formula: distance of the skin from the head's axis in head-polar coordinates, an ellipsoid
// with bumps.
#pragma once

#include "lifted/data/heads/curves.h"
#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads {

/// Deviations from the average head; 0 is average, ±1 is common.
struct AnalyticTraits {
  float jaw = 0, chin = 0, neck = 0, brow_ridge = 0, cheekbones = 0, cheeks = 0;
  float nose_length = 0, nose_width = 0, nose_bridge = 0, lips = 0, muzzle = 0, forehead = 0, socket = 0, crown = 0;
  float closed_lids = 0;  ///< 1 closes the eyes
};

constexpr float eye_x = 3.109f, eye_y = 3.606f, eye_z = 7.935f, eye_radius = 1.72f;

class AnalyticShape {
 public:
  AnalyticShape();
  /// The skin's point on the ray (theta, h).
  Vec3 point(float theta, float h, const AnalyticTraits& traits) const;
  /// Template openness: 1 in the open, small in creases.
  static float occlusion(Vec3 p);
  /// Upper or lower margin of the lids at a position -1 … 1 along the eye.
  static float lid_margin(float along, bool upper);
  static constexpr float lid_half_width = 1.5f;

 private:
  float skull(float theta, float h, const AnalyticTraits& traits) const;
  float bumps(float x, float y, const AnalyticTraits& traits) const;
  float nose(float x, float y, const AnalyticTraits& traits) const;
  Curve half_width_, front_, back_, roundness_, nose_ridge_, nose_spread_;
};

}  // namespace lifted::data::heads
