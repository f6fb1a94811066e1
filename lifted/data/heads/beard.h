// Where a beard grows on the template.
#pragma once

#include "lifted/data/heads/recipe.h"
#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads {

/// 0 … 1; used both for the beard's volume and its paint.
LIFTED_INLINE float beard_mask(Beard style, float shift, float x, float y, float z) {
  constexpr float border_x[] = {0, 1.6f, 2.4f, 3.1f, 3.7f, 4.6f, 5.6f, 6.4f, 6.9f, 7.3f};
  constexpr float border_y[] = {-1.75f, -1.75f, -2.2f, -3.0f, -3.7f, -3.5f, -2.6f, -1.2f, .6f, 2.2f};
  const float ax = absolute(x), shifted = y - shift;
  float k = smoothstep(0.25f, -0.35f, shifted - interpolate(ax, border_x, border_y)) * smoothstep(-9.6f, -8.2f, y) *
            smoothstep(1.9f, 3.2f, z + 0.15f * (shifted + 2));
  if (style == Beard::goatee) k *= smoothstep(3.2f, 2.5f, ax);
  if (style == Beard::moustache) k *= smoothstep(2.9f, 2.4f, ax) * smoothstep(-3.6f, -3.2f, y);
  return k * (1 - 0.75f * gaussian2(ax - 1.7f, shifted + 4.85f, 0.55f, 0.38f));  // bare spot beside the lower lip
}

/// Beards that stand out from the skin.
LIFTED_INLINE bool has_volume(Beard style) {
  return style == Beard::full || style == Beard::goatee || style == Beard::moustache;
}

/// Height above the collar in cm; the collar's plane tilts down to the front.
LIFTED_INLINE float above_collar(float y, float z, float collar) {
  return y - (collar - 0.22f * (z + 1));
}

}  // namespace lifted::data::heads
