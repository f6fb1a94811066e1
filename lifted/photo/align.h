// The square of a photograph as a picture of its own, as FFHQ's published alignment makes it.
#pragma once

#include "lifted/formats/image.h"
#include "lifted/photo/crop.h"

namespace lifted::photo {

/// size × size pixels of an RGB photograph. As published (Karras et al. 2019, the FFHQ data set's tool): a large
/// photograph is shrunk by a whole factor first; where the square reaches beyond the edge, or within a few pixels of
/// it, the photograph is continued as its mirror image, which fades into a blur and then the median colour; bilinear
/// sampling at four times the size, then Lanczos. Error if the square is larger than 6 sides of the photograph, or has
/// no extent.
formats::Image aligned(const formats::Image& photograph, const CropFrame& frame, int size);

/// The same square sampled quickly, without any of that: averaged down, and beyond the edge the edge's colour.
formats::Image quickly_cut(const formats::Image& photograph, const CropFrame& frame, int size);

}  // namespace lifted::photo
