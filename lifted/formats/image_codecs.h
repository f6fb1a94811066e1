// Internal: one decoder per image format behind read_image().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "lifted/formats/image.h"

namespace lifted::formats::detail {

struct Encoded {
  const uint8_t* data;
  size_t size;
};

/// What a decoder hands over: 3 or 4 channels, not yet composited or turned. `error` is empty on success.
struct Decoded {
  Image image;
  int orientation = 1;
  std::string error;
};

Decoded decode_png(Encoded source);
Decoded decode_jpeg(Encoded source);
Decoded decode_webp(Encoded source);

/// Why an image of this size is refused, or empty.
std::string size_problem(int64_t width, int64_t height);

/// The orientation (1 to 8) in a TIFF block as EXIF stores it, with or without the leading "Exif\0\0"; 1 if there is
/// none.
int exif_orientation(const uint8_t* data, size_t size);

}  // namespace lifted::formats::detail
