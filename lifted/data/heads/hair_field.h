// The hair field M(theta, h): roughly the signed distance in centimetres to the edge of the hair, positive inside.
#pragma once

#include <vector>

#include "lifted/data/heads/recipe.h"
#include "lifted/ops/cpu/isa.h"

namespace lifted::data::heads {

/// What the field depends on; made once per person.
struct HairField {
  explicit HairField(const HairParameters& hair);

  static constexpr int hairline_steps = 720;  ///< over |theta| = 0 … pi
  HairParameters hair;
  std::vector<float> hairline, slope;  ///< height of the hairline and its slope per centimetre, hairline_steps + 1 each
  bool bangs, fringe, curtain;
};

/// Points as separate arrays.
struct PolarPoints {
  int count;
  const float *theta, *cosine, *sine, *h;
};

/// `scalp` and `loose` (bangs and curtains; -9 where there are none) have `count` entries; M is the larger of the two.
struct HairFieldOutput {
  float *scalp, *loose;
};

LIFTED_DECLARE_ISA(void evaluate_hair_field(const HairField& field, const PolarPoints& points,
                                            const HairFieldOutput& out);)

}  // namespace lifted::data::heads
