#include "lifted/formats/image.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "lifted/base/error.h"
#include "lifted/formats/image_codecs.h"
#include "lifted/formats/image_ops.h"

namespace lifted::formats {
namespace {

using detail::Decoded;
using detail::Encoded;
using detail::Header;

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;

bool starts_with(Encoded source, std::string_view magic, size_t offset = 0) {
  return source.size >= offset + magic.size() && std::memcmp(source.data + offset, magic.data(), magic.size()) == 0;
}

struct Codec {
  Header (*header)(Encoded);
  Decoded (*decode)(Encoded);
};

/// By the first twelve bytes.
const Codec* codec_of(Encoded source) {
  static constexpr Codec png{&detail::png_header, &detail::decode_png},
      jpeg{&detail::jpeg_header, &detail::decode_jpeg}, webp{&detail::webp_header, &detail::decode_webp};
  if (starts_with(source, "\x89PNG\r\n\x1a\n")) return &png;
  if (starts_with(source, "\xff\xd8\xff")) return &jpeg;
  if (starts_with(source, "RIFF") && starts_with(source, "WEBP", 8)) return &webp;
  return nullptr;
}

std::string limit_problem(const Header& header, uint64_t encoded_size, int64_t max_pixels) {
  const int64_t width = header.width, height = header.height;
  if (width < 1 || height < 1) return fmt::format("declares {}x{} pixels, expected at least 1x1", width, height);
  if (width > max_pixels / height)
    return fmt::format("declares {}x{} pixels, expected at most {} in all", width, height, max_pixels);
  const uint64_t memory = header.memory + encoded_size, most = max_read_memory(max_pixels);
  if (memory <= most) return {};
  return fmt::format("declares {}x{} pixels, which take {} MB to decode, expected at most {}", width, height,
                     memory >> 20, most >> 20);
}

/// The header of an image that can be read, or one that is cut off; Error if it is neither.
Header checked_header(Encoded source, uint64_t encoded_size, std::string_view name, int64_t max_pixels) {
  require(encoded_size > 0, "{}: the file is empty, expected a PNG, JPEG or WebP image", name);
  const Codec* codec = codec_of(source);
  require(codec != nullptr, "{}: is not a PNG, JPEG or WebP image", name);
  Header header = codec->header(source);
  require(header.error.empty(), "{}: {}", name, header.error);
  if (header.cut_off) return header;
  const std::string problem = limit_problem(header, encoded_size, max_pixels);
  require(problem.empty(), "{}: {}", name, problem);
  return header;
}

/// In place: RGBA becomes RGB.
void composite_on_white(Image& image) {
  const size_t count = static_cast<size_t>(image.width) * image.height;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* from = &image.pixels[4 * i];
    uint8_t* to = &image.pixels[3 * i];
    const int alpha = from[3];
    for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>((from[c] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  image.channels = 3;
  image.pixels.resize(3 * count);
}

std::string lower_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return extension;
}

bool is_jpeg(const std::string& extension) {
  return extension == ".jpg" || extension == ".jpeg";
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

Image read_image(const void* data, size_t size, std::string_view name, int64_t max_pixels) {
  const Encoded source{static_cast<const uint8_t*>(data), size};
  Header header = checked_header(source, size, name, max_pixels);
  require(!header.cut_off, "{}: the file ends inside the image's header (truncated)", name);
  Decoded decoded = codec_of(source)->decode(source);
  require(decoded.error.empty(), "{}: {}", name, decoded.error);
  if (decoded.image.channels == 4) composite_on_white(decoded.image);
  if (decoded.orientation == 1) return std::move(decoded.image);
  header.memory = decoded.image.pixels.capacity() + decoded.image.pixels.size();
  const std::string problem = limit_problem(header, size, max_pixels);
  require(problem.empty(), "{}: {}", name, problem);
  return oriented(decoded.image, decoded.orientation);
}

Image read_image(const std::filesystem::path& path, int64_t max_pixels) {
  const Bytes bytes = read_file(path, kMaxFileBytes);
  return read_image(bytes.data(), bytes.size(), path.string(), max_pixels);
}

std::optional<ImageHeader> read_image_header(const void* data, size_t size, uint64_t encoded_size,
                                             std::string_view name, int64_t max_pixels) {
  const Header header = checked_header({static_cast<const uint8_t*>(data), size}, encoded_size, name, max_pixels);
  if (header.cut_off && size < encoded_size) return std::nullopt;
  require(!header.cut_off, "{}: the file ends inside the image's header (truncated)", name);
  ImageHeader result{static_cast<int>(header.width), static_cast<int>(header.height), header.memory + encoded_size};
  if (header.orientation >= 5) std::swap(result.width, result.height);
  return result;
}

void check_image_name(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  if (!extension.empty() && extension != ".png" && !is_jpeg(extension))
    usage_error("{}: cannot write a picture of the kind {}, expected .png or .jpg", path.string(), extension);
}

void write_image(const std::filesystem::path& path, const Image& image) {
  check_image_name(path);
  is_jpeg(lower_extension(path)) ? write_jpeg(path, image) : write_png(path, image);
}

void write_png(const std::filesystem::path& path, const Image& image, const PngOptions& options) {
  const Bytes bytes = encode_png(image, options);
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
