// The average cat as formulas: skin on rays from the head's axis, and ears.
#pragma once

#include "lifted/data/heads/curves.h"
#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads::cat {

class CatShape {
 public:
  CatShape();
  /// The skin's point at azimuth theta (radians, 0 in front) and height h: above the eyes cm along the skull, below
  /// them cm under the eyes' line.
  Vec3 skin(float theta, float h) const;
  /// The left ear's point at v = 0 (root) … 1 (tip) on the ring of angle phi: 0 its outer edge, π/2 inside.
  static Vec3 ear(float v, float phi);

 private:
  float skull(float theta, float h) const;
  float relief(float ax, float y) const;
  Curve half_width_, front_, back_, bridge_;
};

}  // namespace lifted::data::heads::cat
