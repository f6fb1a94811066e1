#include "lifted/formats/image.h"

#include <cstring>

#include "lifted/base/error.h"
#include "lifted/formats/image_codecs.h"

namespace lifted::formats {
namespace {

using detail::Decoded;
using detail::Encoded;

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;

bool starts_with(Encoded source, std::string_view magic, size_t offset = 0) {
  return source.size >= offset + magic.size() && std::memcmp(source.data + offset, magic.data(), magic.size()) == 0;
}

Decoded decode(Encoded source) {
  if (starts_with(source, "\x89PNG\r\n\x1a\n")) return detail::decode_png(source);
  if (starts_with(source, "\xff\xd8\xff")) return detail::decode_jpeg(source);
  if (starts_with(source, "RIFF") && starts_with(source, "WEBP", 8)) return detail::decode_webp(source);
  Decoded result;
  result.error =
      source.size == 0 ? "the file is empty, expected a PNG, JPEG or WebP image" : "is not a PNG, JPEG or WebP image";
  return result;
}

Image composite_on_white(const Image& rgba) {
  Image rgb = filled_image(rgba.width, rgba.height);
  const size_t count = static_cast<size_t>(rgba.width) * rgba.height;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* from = &rgba.pixels[4 * i];
    const int alpha = from[3];
    for (int c = 0; c < 3; ++c) {
      rgb.pixels[3 * i + c] = static_cast<uint8_t>((from[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
  return rgb;
}

/// Turns and mirrors an image as EXIF's orientation value asks for.
Image oriented(const Image& image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool swapped = orientation >= 5;
  const int right = image.width - 1, bottom = image.height - 1;
  Image result = filled_image(swapped ? image.height : image.width, swapped ? image.width : image.height);
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      int from_x = swapped ? y : x, from_y = swapped ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) from_x = right - from_x;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) from_y = bottom - from_y;
      std::memcpy(result.at(x, y), image.at(from_x, from_y), 3);
    }
  }
  return result;
}

}  // namespace

namespace detail {

std::string size_problem(int64_t width, int64_t height) {
  if (width < 1 || height < 1) return fmt::format("declares {}x{} pixels, expected at least 1x1", width, height);
  if (width <= kMaxPixels / height) return {};
  return fmt::format("declares {}x{} pixels, expected at most {} in all", width, height, kMaxPixels);
}

int exif_orientation(const uint8_t* data, size_t size) {
  if (size >= 6 && std::memcmp(data, "Exif\0\0", 6) == 0) data += 6, size -= 6;
  if (size < 8 || (std::memcmp(data, "II*\0", 4) != 0 && std::memcmp(data, "MM\0*", 4) != 0)) return 1;
  const bool little = data[0] == 'I';
  const auto u16 = [&](size_t at) { return little ? data[at] | data[at + 1] << 8 : data[at] << 8 | data[at + 1]; };
  const auto u32 = [&](size_t at) {
    return little ? static_cast<uint32_t>(u16(at)) | static_cast<uint32_t>(u16(at + 2)) << 16
                  : static_cast<uint32_t>(u16(at)) << 16 | static_cast<uint32_t>(u16(at + 2));
  };
  const size_t directory = u32(4);
  if (directory > size - 2) return 1;
  const size_t entries = u16(directory);
  for (size_t i = 0; i < entries && directory + 2 + 12 * (i + 1) <= size; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    const bool is_orientation = u16(entry) == 0x0112 && u16(entry + 2) == 3;  // tag, type SHORT
    if (is_orientation) return u16(entry + 8) >= 1 && u16(entry + 8) <= 8 ? u16(entry + 8) : 1;
  }
  return 1;
}

}  // namespace detail

Image filled_image(int width, int height, int channels, uint8_t value) {
  const std::string problem = detail::size_problem(width, height);
  require(problem.empty() && channels >= 1 && channels <= 4, "image: {}",
          problem.empty() ? "needs 1 to 4 channels" : problem);
  return {width, height, channels, std::vector<uint8_t>(static_cast<size_t>(width) * height * channels, value)};
}

Image read_image(const void* data, size_t size, std::string_view name) {
  Decoded decoded = decode({static_cast<const uint8_t*>(data), size});
  require(decoded.error.empty(), "{}: {}", name, decoded.error);
  if (decoded.image.channels == 4) decoded.image = composite_on_white(decoded.image);
  if (decoded.orientation == 1) return std::move(decoded.image);
  return oriented(decoded.image, decoded.orientation);
}

Image read_image(const std::filesystem::path& path) {
  const Bytes bytes = read_file(path, kMaxFileBytes);
  return read_image(bytes.data(), bytes.size(), path.string());
}

void write_png(const std::filesystem::path& path, const Image& image, int level) {
  const Bytes bytes = encode_png(image, level);
  write_file_atomically(path, bytes.data(), bytes.size());
}

void write_jpeg(const std::filesystem::path& path, const Image& image, int quality) {
  const Bytes bytes = encode_jpeg(image, quality);
  write_file_atomically(path, bytes.data(), bytes.size());
}

Image image_from_tensor(const torch::Tensor& tensor, Rounding rounding) {
  require(tensor.defined() && tensor.dim() == 3 && (tensor.size(0) == 3 || tensor.size(0) == 1),
          "image_from_tensor: expected a 3xHxW or 1xHxW tensor, got {} dimensions",
          tensor.defined() ? tensor.dim() : 0);
  const torch::NoGradGuard no_grad;
  const auto values = tensor.to(torch::kFloat32);
  const auto odd = values.numel() - values.isfinite().sum().item<int64_t>();
  require(odd == 0,
          "a picture of {}x{} pixels: {} of its {} values are NaN or infinite; the network it comes from has diverged "
          "or is damaged",
          tensor.size(2), tensor.size(1), odd, values.numel());
  const auto x = values.expand({3, tensor.size(1), tensor.size(2)});
  const auto scaled =
      rounding == Rounding::truncate ? ((x + 1) / 2).clamp(0, 1) * 255 : (x * 127.5 + 128).clamp(0, 255);
  const auto bytes = scaled.to(torch::kUInt8).permute({1, 2, 0}).contiguous().to(torch::kCPU);
  Image image = filled_image(static_cast<int>(tensor.size(2)), static_cast<int>(tensor.size(1)));
  std::memcpy(image.pixels.data(), bytes.data_ptr<uint8_t>(), image.pixels.size());
  return image;
}

torch::Tensor tensor_from_image(const Image& image) {
  auto bytes = torch::empty({image.height, image.width, image.channels}, torch::kUInt8);
  std::memcpy(bytes.data_ptr<uint8_t>(), image.pixels.data(), image.pixels.size());
  return bytes.permute({2, 0, 1}).to(torch::kFloat32).contiguous().div_(127.5).sub_(1);
}

}  // namespace lifted::formats
