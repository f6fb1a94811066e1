// 8-bit images in memory, and how they get in (PNG, JPEG, WebP) and out (PNG, JPEG).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lifted/base/file.h"
#include "lifted/base/tensor.h"

namespace lifted::formats {

/// `channels` is 3 (RGB) everywhere but where said otherwise; 1 (grey) and 4 (RGBA) can be written as PNG.
struct Image {
  int width = 0, height = 0, channels = 3;
  /// Interleaved rows, top first: pixels[(y * width + x) * channels + c].
  std::vector<uint8_t> pixels;

  uint8_t* at(int x, int y) { return pixels.data() + (static_cast<size_t>(y) * width + x) * channels; }
  const uint8_t* at(int x, int y) const { return pixels.data() + (static_cast<size_t>(y) * width + x) * channels; }
  bool operator==(const Image&) const = default;
};

/// An image of one value.
Image filled_image(int width, int height, int channels = 3, uint8_t value = 255);

/// Images with more pixels than this (11,585²) are not made.
inline constexpr int64_t kMaxPixels = int64_t{1} << 27;
/// Images with more pixels than this (8,192²) are not read unless the caller allows more, nor those of which reading
/// takes more than five bytes for each pixel allowed (336 MB): refused before anything is allocated.
inline constexpr int64_t kMaxReadPixels = int64_t{1} << 26;
constexpr uint64_t max_read_memory(int64_t max_pixels) {
  return 5 * static_cast<uint64_t>(max_pixels);
}

/// Reads PNG, JPEG or WebP, recognized by content, as RGB. What is not plain 8-bit RGB is converted by fixed rules:
///  - grey and palette images are expanded; 16-bit samples are scaled to 8 bits with rounding;
///  - transparency is composited on white, the renderer's background;
///  - CMYK and YCCK JPEGs become RGB as (255−C)(255−K)/255 (Adobe's inverted files likewise), without a colour profile;
///  - EXIF orientation is applied; gamma chunks and colour profiles are ignored, as in this field's Python tools.
/// Throws Error naming the file and the reason for anything unreadable, truncated, animated or too large.
Image read_image(const std::filesystem::path& path, int64_t max_pixels = kMaxReadPixels);
/// The same from memory; `name` is what errors call it.
Image read_image(const void* data, size_t size, std::string_view name, int64_t max_pixels = kMaxReadPixels);

/// What is known of an image before it is decoded.
struct ImageHeader {
  int width = 0, height = 0;  ///< of the image that is read; a PNG's or WebP's EXIF orientation is not looked at
  uint64_t memory = 0;        ///< bytes that reading it takes, with the encoded ones
};
/// The header of an image that begins with these bytes and has `encoded_size` of them; nothing if more of them are
/// needed. Throws Error like read_image() for what is no image or too large.
std::optional<ImageHeader> read_image_header(const void* data, size_t size, uint64_t encoded_size,
                                             std::string_view name, int64_t max_pixels = kMaxReadPixels);

/// What a PNG says of itself: keywords of 1 to 79 Latin letters ("Software") and texts in UTF-8.
using PngText = std::vector<std::pair<std::string, std::string>>;

struct PngOptions {
  int level = 2;      ///< zlib's 0 to 9; higher levels gain little on photos and are slow
  PngText text = {};  ///< in tEXt chunks; what is not ASCII in iTXt chunks
};
/// PNG bytes of an image with 1, 3 or 4 channels.
Bytes encode_png(const Image& image, const PngOptions& options = {});
/// JPEG bytes of an RGB or grey image; quality 1 to 100, chroma not subsampled from quality 95 on.
Bytes encode_jpeg(const Image& image, int quality = 95);
/// Writes what the name asks for: a JPEG for .jpg and .jpeg, a PNG for .png and for names without an extension
/// (/dev/stdout). Others are a UsageError, which check_image_name() finds before the work.
void write_image(const std::filesystem::path& path, const Image& image);
void check_image_name(const std::filesystem::path& path);
void write_png(const std::filesystem::path& path, const Image& image, const PngOptions& options = {});
void write_jpeg(const std::filesystem::path& path, const Image& image, int quality = 95);

/// How [-1, 1] becomes 8 bits.
enum class Rounding {
  truncate,  ///< ((x + 1) / 2) · 255, fraction dropped: LiftedGAN's tools.
  nvidia,    ///< x · 127.5 + 128, fraction dropped: StyleGAN's tools.
};

/// A 3×H×W or 1×H×W tensor in [-1, 1], any float type and device, clamped. Error with their count if values are NaN.
Image image_from_tensor(const torch::Tensor& tensor, Rounding rounding = Rounding::truncate);

/// C×H×W float in [-1, 1]: pixel / 127.5 − 1.
torch::Tensor tensor_from_image(const Image& image);

}  // namespace lifted::formats
