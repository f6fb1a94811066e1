// A gradient with a few soft blobs; its shading is 1.
#pragma once

#include "lifted/data/heads/recipe.h"
#include "lifted/data/heads/surface.h"

namespace lifted::data::heads {

/// Color at (x, y) in -1 … 1 over the image.
Color background_color(const Background& background, float x, float y);

/// Fills the albedo of all sub-pixels that the head does not cover.
void paint_background(const Background& background, SurfaceMaps& maps);

}  // namespace lifted::data::heads
