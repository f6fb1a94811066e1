#include "tests/support/images.h"

#include <png.h>
#include <webp/encode.h>
#include <zlib.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <jpeglib.h>

#include "lifted/base/error.h"

namespace lifted::test {

using formats::Image;

Image smooth_image(int width, int height, int variant) {
  Image image = formats::filled_image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      uint8_t* pixel = image.at(x, y);
      pixel[0] = static_cast<uint8_t>(255 * x / std::max(1, width - 1));
      pixel[1] = static_cast<uint8_t>(255 * y / std::max(1, height - 1));
      pixel[2] = static_cast<uint8_t>(128 + 100 * std::sin(0.2 * (x + 2 * y) + variant));
    }
  }
  return image;
}

double mean_difference(const Image& a, const Image& b) {
  if (a.pixels.size() != b.pixels.size()) return 1e9;
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(int{a.pixels[i]} - int{b.pixels[i]});
  return sum / static_cast<double>(a.pixels.size());
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "(no error)";
}

Bytes png_with(const PngSpec& spec) {
  Bytes bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp p, png_bytep data, size_t size) {
        const auto* begin = reinterpret_cast<const std::byte*>(data);
        auto* target = static_cast<Bytes*>(png_get_io_ptr(p));
        target->insert(target->end(), begin, begin + size);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, spec.width, spec.height, spec.bit_depth, spec.color_type, 0, 0, 0);
  std::vector<png_color> palette;
  for (const auto& color : spec.palette) palette.push_back({color[0], color[1], color[2]});
  if (!palette.empty()) png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  png_write_info(png, info);
  const size_t stride = spec.rows.size() / spec.height;
  for (int y = 0; y < spec.height; ++y) png_write_row(png, spec.rows.data() + y * stride);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

Bytes cmyk_jpeg(int width, int height, std::array<uint8_t, 4> inks, bool adobe) {
  jpeg_compress_struct encoder{};
  jpeg_error_mgr errors{};
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &buffer, &size);
  encoder.image_width = width;
  encoder.image_height = height;
  encoder.input_components = 4;
  encoder.in_color_space = JCS_CMYK;
  jpeg_set_defaults(&encoder);
  jpeg_set_colorspace(&encoder, adobe ? JCS_YCCK : JCS_CMYK);
  encoder.write_Adobe_marker = adobe ? TRUE : FALSE;
  jpeg_set_quality(&encoder, 100, TRUE);
  jpeg_start_compress(&encoder, TRUE);
  std::vector<uint8_t> row;
  for (int x = 0; x < width; ++x) {
    for (const uint8_t ink : inks) row.push_back(adobe ? 255 - ink : ink);
  }
  JSAMPROW pointer = row.data();
  for (int y = 0; y < height; ++y) jpeg_write_scanlines(&encoder, &pointer, 1);
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  const auto* begin = reinterpret_cast<const std::byte*>(buffer);
  Bytes bytes(begin, begin + size);
  std::free(buffer);
  return bytes;
}

Bytes encode_webp(const Image& image) {
  uint8_t* buffer = nullptr;
  const int stride = image.width * image.channels;
  const size_t size = image.channels == 4
                          ? WebPEncodeLosslessRGBA(image.pixels.data(), image.width, image.height, stride, &buffer)
                          : WebPEncodeLosslessRGB(image.pixels.data(), image.width, image.height, stride, &buffer);
  const auto* begin = reinterpret_cast<const std::byte*>(buffer);
  Bytes bytes(begin, begin + size);
  WebPFree(buffer);
  return bytes;
}

Bytes with_exif_orientation(const Bytes& jpeg, int orientation, bool little_endian) {
  const auto u8 = static_cast<uint8_t>(orientation);
  std::vector<uint8_t> block{0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0};
  const std::vector<uint8_t> little{'I', 'I', 42, 0, 8, 0,  0, 0, 1, 0, 0x12, 1, 3,
                                    0,   1,   0,  0, 0, u8, 0, 0, 0, 0, 0,    0, 0};
  const std::vector<uint8_t> big{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, u8, 0, 0, 0, 0, 0, 0};
  const auto& tiff = little_endian ? little : big;
  block.insert(block.end(), tiff.begin(), tiff.end());
  Bytes result(jpeg.begin(), jpeg.begin() + 2);
  for (const uint8_t value : block) result.push_back(static_cast<std::byte>(value));
  result.insert(result.end(), jpeg.begin() + 2, jpeg.end());
  return result;
}

namespace {

void put_u32(Bytes& bytes, size_t at, uint32_t value) {
  for (int i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(value >> (24 - 8 * i));
}

}  // namespace

Bytes with_png_size(Bytes png, uint32_t width, uint32_t height) {
  put_u32(png, 16, width);
  put_u32(png, 20, height);
  put_u32(png, 29, static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(png.data()) + 12, 17)));
  return png;
}

formats::PngText png_text(const Bytes& png) {
  const std::string_view all(reinterpret_cast<const char*>(png.data()), png.size());
  formats::PngText found;
  for (size_t at = 8; at + 12 <= all.size();) {
    size_t size = 0;
    for (size_t i = at; i < at + 4; ++i) size = size << 8 | static_cast<uint8_t>(all[i]);
    const std::string_view type = all.substr(at + 4, 4), content = all.substr(at + 8, size);
    const size_t end = content.find('\0');
    // iTXt: also whether and how it is compressed, an empty language and an empty translated keyword.
    if (type == "tEXt") found.emplace_back(content.substr(0, end), content.substr(end + 1));
    if (type == "iTXt") found.emplace_back(content.substr(0, end), content.substr(end + 5));
    at += size + 12;
  }
  return found;
}

Bytes with_jpeg_size(Bytes jpeg, uint16_t width, uint16_t height) {
  for (size_t i = 0; i + 8 < jpeg.size(); ++i) {
    if (jpeg[i] != std::byte{0xFF} || jpeg[i + 1] != std::byte{0xC0}) continue;
    put_u32(jpeg, i + 5, static_cast<uint32_t>(height) << 16 | width);
    break;
  }
  return jpeg;
}

}  // namespace lifted::test
