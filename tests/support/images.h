// Images for tests: smooth ones, and files as other programs and broken disks leave them.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "lifted/formats/image.h"

namespace lifted::test {

/// Colour gradients with some texture; `variant` changes them.
formats::Image smooth_image(int width, int height, int variant = 0);

double mean_difference(const formats::Image& a, const formats::Image& b);

/// The message of the lifted::Error that `call` throws, or "(no error)".
std::string error_of(const std::function<void()>& call);

struct PngSpec {
  int width, height, bit_depth, color_type;
  std::vector<uint8_t> rows;  ///< packed, one after another
  std::vector<std::array<uint8_t, 3>> palette = {};
};
Bytes png_with(const PngSpec& spec);
/// A JPEG of one ink mixture (255 is full ink), stored plainly or inverted with Adobe's marker.
Bytes cmyk_jpeg(int width, int height, std::array<uint8_t, 4> inks, bool adobe);
/// A lossless WebP of an RGB or RGBA image.
Bytes encode_webp(const formats::Image& image);

/// The JPEG with an EXIF block of that orientation inserted.
Bytes with_exif_orientation(const Bytes& jpeg, int orientation, bool little_endian);
/// The file with another size in its header (and a right checksum).
Bytes with_png_size(Bytes png, uint32_t width, uint32_t height);
/// What a PNG's tEXt and uncompressed iTXt chunks say, in their order.
formats::PngText png_text(const Bytes& png);
Bytes with_jpeg_size(Bytes jpeg, uint16_t width, uint16_t height);

}  // namespace lifted::test
