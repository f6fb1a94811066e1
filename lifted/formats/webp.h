// Still WebP images.
#pragma once

#include "lifted/formats/image.h"

namespace lifted::formats {

/// Lossy WebP bytes of an RGB image; quality 1 to 100.
Bytes encode_webp(const Image& image, int quality = 90);

}  // namespace lifted::formats
