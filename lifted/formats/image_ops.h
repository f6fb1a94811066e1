// Geometry of 8-bit images. Nothing here touches its arguments unless they are given away.
#pragma once

#include "lifted/formats/image.h"

namespace lifted::formats {

enum class ResizeFilter { lanczos, box };

/// Antialiased resampling as PIL's Image.resize does it: the filter is stretched when shrinking, pixel centres are at
/// i + ½, columns first and rounded to 8 bits between the passes.
Image resized(const Image& image, int width, int height, ResizeFilter filter = ResizeFilter::lanczos);

/// The rectangle with this top left corner; Error unless it lies inside.
Image cropped(const Image& image, int x, int y, int width, int height);
Image cropped(Image&& image, int x, int y, int width, int height);  // in its own memory
/// The largest centred square.
Image center_square(const Image& image);
/// `image` in the middle of a larger canvas of one value.
Image padded(const Image& image, int width, int height, uint8_t value = 255);
/// Every pixel becomes a block of factor × factor.
Image enlarged(const Image& image, int factor);
Image mirrored(const Image& image);
/// An RGB image turned and mirrored as EXIF's orientation (1 to 8) asks for.
Image oriented(const Image& image, int orientation);
/// RGB of a grey image; an RGB image is returned as it is.
Image as_rgb(const Image& image);
/// Copies `source` onto `target` with its top left corner there, cut off at the edges. Both must have the same
/// channels.
void paste(Image& target, const Image& source, int x, int y);

}  // namespace lifted::formats
