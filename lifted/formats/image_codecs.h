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

/// What an image's first bytes say. `error` is empty if they are those of an image that can be read; `cut_off` if there
/// are too few of them, and nothing else is known.
struct Header {
  int64_t width = 0, height = 0;  // as stored
  int orientation = 1;            // of JPEGs only
  uint64_t memory = 0;            // bytes that decoding takes beside the encoded ones
  bool cut_off = false;
  std::string error;
};
Header png_header(Encoded source);
Header jpeg_header(Encoded source);
Header webp_header(Encoded source);

/// What a decoder hands over: 3 or 4 channels, not yet composited or turned. `error` is empty on success.
struct Decoded {
  Image image;
  int orientation = 1;
  std::string error;
};

/// The decoders take what the headers' errors and limits have let pass.
Decoded decode_png(Encoded source);
Decoded decode_jpeg(Encoded source);
Decoded decode_webp(Encoded source);

/// Why an image of this size is not made, or empty.
std::string size_problem(int64_t width, int64_t height);

/// The orientation (1 to 8) in a TIFF block as EXIF stores it, with or without the leading "Exif\0\0"; 1 if there is
/// none.
int exif_orientation(const uint8_t* data, size_t size);

}  // namespace lifted::formats::detail
