// The colors of a cat: coat, eyes, bare skin.
#pragma once

#include "lifted/data/heads/cat.h"
#include "lifted/data/heads/random_stream.h"

namespace lifted::data::heads {

/// Fills coat, eyes, nose, ear_skin and freckles; coat and eyes have a stream each.
void sample_cat_colors(RandomStream coat, RandomStream eyes, CatParameters& cat);

}  // namespace lifted::data::heads
