// PNG through libpng. libpng reports errors by longjmp: the functions that call setjmp keep everything that needs a
// destructor in a struct owned by their caller.
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>

#include "lifted/base/error.h"
#include "lifted/formats/image_codecs.h"

namespace lifted::formats {
namespace {

struct Messages {
  char error[256] = "unknown error";
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* messages = static_cast<Messages*>(png_get_error_ptr(png));
  std::strncpy(messages->error, message, sizeof messages->error - 1);
  png_longjmp(png, 1);
}
void on_warning(png_structp, png_const_charp) {}

struct PngReader {
  detail::Encoded source;
  size_t position = 0;
  Messages messages;
  png_structp png = nullptr;
  png_infop info = nullptr;
  detail::Decoded result;
  std::vector<png_bytep> rows;

  explicit PngReader(detail::Encoded from) : source(from) {}
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

void read_bytes(png_structp png, png_bytep to, size_t count) {
  auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
  if (count > reader->source.size - reader->position) png_error(png, "the file ends early (truncated)");
  std::memcpy(to, reader->source.data + reader->position, count);
  reader->position += count;
}

/// Deflate cannot shrink by more than about 1032:1, so a header that declares more than that lies: refused unallocated.
bool size_is_possible(PngReader& reader) {
  const int64_t width = png_get_image_width(reader.png, reader.info),
                height = png_get_image_height(reader.png, reader.info);
  const uint64_t raw = static_cast<uint64_t>(png_get_rowbytes(reader.png, reader.info)) * static_cast<uint64_t>(height);
  if (raw / 1040 <= reader.source.size) return true;
  reader.result.error =
      fmt::format("declares {}x{} pixels but has only {} bytes (truncated)", width, height, reader.source.size);
  return false;
}

void ask_for_rgb8(png_structp png, png_infop info) {
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
}

void allocate(PngReader& reader) {
  Image& image = reader.result.image;
  image = filled_image(static_cast<int>(png_get_image_width(reader.png, reader.info)),
                       static_cast<int>(png_get_image_height(reader.png, reader.info)),
                       png_get_channels(reader.png, reader.info));
  reader.rows.resize(static_cast<size_t>(image.height));
  for (int y = 0; y < image.height; ++y) reader.rows[static_cast<size_t>(y)] = image.at(0, y);
}

void read_orientation(PngReader& reader) {
  png_uint_32 size = 0;
  png_bytep exif = nullptr;
  if (png_get_eXIf_1(reader.png, reader.info, &size, &exif) != 0) {
    reader.result.orientation = detail::exif_orientation(exif, size);
  }
}

/// Texts, profiles and the like are passed over undecompressed; of what libpng could leave out, EXIF alone is wanted.
void read_only_pixels(png_structp png) {
  const png_byte exif[] = "eXIf";
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, exif, 1);
}

bool decode(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_set_read_fn(reader.png, &reader, read_bytes);
  read_only_pixels(reader.png);
  png_set_user_limits(reader.png, 1 << 30, 1 << 30);
  png_set_chunk_malloc_max(reader.png, 1 << 24);
  png_read_info(reader.png, reader.info);
  if (!size_is_possible(reader)) return true;
  ask_for_rgb8(reader.png, reader.info);
  allocate(reader);
  png_read_image(reader.png, reader.rows.data());
  png_read_end(reader.png, reader.info);
  read_orientation(reader);
  return true;
}

/// libpng takes what it only reads as char*.
png_text text_chunk(const std::pair<std::string, std::string>& item) {
  const auto& [keyword, text] = item;
  const bool ascii = std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
  static char none[] = "";
  png_text chunk = {};
  chunk.compression = ascii ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
  chunk.key = const_cast<char*>(keyword.c_str());
  chunk.text = const_cast<char*>(text.c_str());
  (ascii ? chunk.text_length : chunk.itxt_length) = text.size();
  chunk.lang = chunk.lang_key = none;
  return chunk;
}

struct PngWriter {
  const Image& image;
  int level;
  std::vector<png_text> text;
  Bytes bytes;
  Messages messages;
  png_structp png = nullptr;
  png_infop info = nullptr;

  PngWriter(const Image& from, const PngOptions& options) : image(from), level(options.level) {
    for (const auto& item : options.text) text.push_back(text_chunk(item));
  }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;
  ~PngWriter() { png_destroy_write_struct(&png, &info); }
};

void append_bytes(png_structp png, png_bytep from, size_t count) {
  auto* writer = static_cast<PngWriter*>(png_get_io_ptr(png));
  const auto* begin = reinterpret_cast<const std::byte*>(from);
  writer->bytes.insert(writer->bytes.end(), begin, begin + count);
}

bool encode(PngWriter& writer) {
  if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
  const Image& image = writer.image;
  png_set_write_fn(writer.png, &writer, append_bytes, [](png_structp) {});
  png_set_compression_level(writer.png, writer.level);
  png_set_filter(writer.png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB | PNG_FILTER_UP);
  const int color = image.channels == 1   ? PNG_COLOR_TYPE_GRAY
                    : image.channels == 3 ? PNG_COLOR_TYPE_RGB
                                          : PNG_COLOR_TYPE_RGBA;
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height),
               8, color, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_text(writer.png, writer.info, writer.text.data(), static_cast<int>(writer.text.size()));
  png_write_info(writer.png, writer.info);
  for (int y = 0; y < image.height; ++y) png_write_row(writer.png, image.at(0, y));
  png_write_end(writer.png, writer.info);
  return true;
}

}  // namespace

detail::Header detail::png_header(Encoded source) {
  Header header;
  constexpr size_t end = 8 + 8 + 13;  // signature, chunk header, IHDR
  if (source.size < end) header.cut_off = true;
  if (header.cut_off) return header;
  const auto u32 = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = at; i < at + 4; ++i) value = value << 8 | source.data[i];
    return value;
  };
  header.width = u32(16);
  header.height = u32(20);
  const bool valid = std::memcmp(source.data + 8, "\0\0\0\rIHDR", 8) == 0 && header.width > 0 && header.height > 0 &&
                     header.width <= INT32_MAX && header.height <= INT32_MAX;
  if (!valid) header.error = "cannot read the PNG: its header is damaged";
  // Any PNG may turn out to be transparent.
  header.memory = 4 * static_cast<uint64_t>(header.width) * static_cast<uint64_t>(header.height);
  return header;
}

detail::Decoded detail::decode_png(Encoded source) {
  PngReader reader(source);
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader.messages, on_error, on_warning);
  reader.info = reader.png ? png_create_info_struct(reader.png) : nullptr;
  require(reader.info != nullptr, "PNG: cannot start libpng");
  if (!decode(reader)) reader.result.error = fmt::format("cannot read the PNG: {}", reader.messages.error);
  return std::move(reader.result);
}

Bytes encode_png(const Image& image, const PngOptions& options) {
  require(image.channels == 1 || image.channels == 3 || image.channels == 4, "PNG: {} channels, expected 1, 3 or 4",
          image.channels);
  require(image.width > 0 && image.height > 0, "PNG: cannot write an empty image");
  PngWriter writer(image, options);
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer.messages, on_error, on_warning);
  writer.info = writer.png ? png_create_info_struct(writer.png) : nullptr;
  require(writer.info != nullptr, "PNG: cannot start libpng");
  require(encode(writer), "cannot encode a PNG: {}", writer.messages.error);
  return std::move(writer.bytes);
}

}  // namespace lifted::formats
