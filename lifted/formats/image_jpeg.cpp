// JPEG through libjpeg-turbo. Errors arrive by longjmp: see image_png.cpp for what that asks of the code.
#include <cstdio>  // jpeglib.h needs FILE

#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstdlib>

#include "lifted/base/error.h"
#include "lifted/formats/image_codecs.h"

namespace lifted::formats {
namespace {

/// More scans than any encoder writes: each costs a pass over the whole image, so a small file could keep us busy for
/// minutes.
constexpr int kMaxScans = 200;

struct ErrorManager {
  jpeg_error_mgr base;  // First: libjpeg hands back its address.
  jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

ErrorManager* manager_of(j_common_ptr common) {
  return reinterpret_cast<ErrorManager*>(common->err);
}

[[noreturn]] void on_error(j_common_ptr common) {
  common->err->format_message(common, manager_of(common)->message);
  longjmp(manager_of(common)->jump, 1);
}

/// Damaged or missing image data is only a warning to libjpeg, which fills it with grey; a data set must not swallow
/// that.
void on_message(j_common_ptr common, int level) {
  if (level >= 0) return;
  const int code = common->err->msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_MUST_RESYNC) {
    on_error(common);
  }
}

void on_progress(j_common_ptr common) {
  const auto* decoder = reinterpret_cast<j_decompress_ptr>(common);
  if (common->is_decompressor && decoder->input_scan_number > kMaxScans) {
    std::snprintf(manager_of(common)->message, JMSG_LENGTH_MAX, "more than %d scans", kMaxScans);
    longjmp(manager_of(common)->jump, 1);
  }
}

void set_up(ErrorManager& errors) {
  jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  errors.base.emit_message = on_message;
  errors.message[0] = 0;
}

struct JpegReader {
  jpeg_decompress_struct decoder{};
  jpeg_progress_mgr progress{};
  ErrorManager errors{};
  detail::Decoded result;
  std::vector<uint8_t> row;

  JpegReader() {
    set_up(errors);
    decoder.err = &errors.base;
    progress.progress_monitor = on_progress;
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&decoder); }
};

void read_orientation(JpegReader& reader) {
  for (auto* marker = reader.decoder.marker_list; marker != nullptr; marker = marker->next) {
    if (marker->marker != JPEG_APP0 + 1) continue;
    const int found = detail::exif_orientation(marker->data, marker->data_length);
    if (found != 1) reader.result.orientation = found;
  }
}

/// One row of CMYK to RGB. Adobe's files store the inks inverted: 255 means no ink.
void cmyk_to_rgb(const uint8_t* from, uint8_t* to, int width, bool inverted) {
  for (int x = 0; x < width; ++x, from += 4, to += 3) {
    const int key = inverted ? from[3] : 255 - from[3];
    for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>(((inverted ? from[c] : 255 - from[c]) * key + 127) / 255);
  }
}

void read_rows(JpegReader& reader) {
  jpeg_decompress_struct& decoder = reader.decoder;
  const bool cmyk = decoder.out_color_space == JCS_CMYK;
  Image& image = reader.result.image;
  image = filled_image(static_cast<int>(decoder.output_width), static_cast<int>(decoder.output_height));
  reader.row.resize(static_cast<size_t>(image.width) * 4);
  while (decoder.output_scanline < decoder.output_height) {
    uint8_t* to = image.at(0, static_cast<int>(decoder.output_scanline));
    JSAMPROW row = cmyk ? reader.row.data() : to;
    jpeg_read_scanlines(&decoder, &row, 1);
    if (cmyk) cmyk_to_rgb(reader.row.data(), to, image.width, decoder.saw_Adobe_marker != 0);
  }
}

/// Huffman coding spends at least one bit on each 8×8 block (and there is at least a quarter of the blocks that the
/// size suggests, however coarse the components are): a header that declares more lies.
std::string implausibility(const jpeg_decompress_struct& decoder, size_t bytes) {
  const int64_t width = decoder.image_width, height = decoder.image_height;
  if (width * height / 2048 <= static_cast<int64_t>(bytes)) return {};
  return fmt::format("declares {}x{} pixels but has only {} bytes (truncated)", width, height, bytes);
}

/// RGB, and every coefficient of an image that comes in several scans.
uint64_t memory_to_decode(jpeg_decompress_struct& decoder) {
  uint64_t memory = 3 * uint64_t{decoder.image_width} * decoder.image_height;
  for (int c = 0; jpeg_has_multiple_scans(&decoder) != 0 && c < decoder.num_components; ++c) {
    const jpeg_component_info& component = decoder.comp_info[c];
    memory += sizeof(JBLOCK) * uint64_t{component.width_in_blocks} * component.height_in_blocks;
  }
  return memory;
}

/// Up to the first scan.
void begin(JpegReader& reader, detail::Encoded source) {
  jpeg_decompress_struct& decoder = reader.decoder;
  jpeg_create_decompress(&decoder);
  decoder.progress = &reader.progress;
  decoder.mem->max_memory_to_use = 1L << 30;
  jpeg_mem_src(&decoder, source.data, static_cast<unsigned long>(source.size));
  jpeg_save_markers(&decoder, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&decoder, TRUE);
  read_orientation(reader);
}

bool read_header(JpegReader& reader, detail::Encoded source) {
  if (setjmp(reader.errors.jump) != 0) return false;
  begin(reader, source);
  return true;
}

bool decode(JpegReader& reader, detail::Encoded source) {
  if (setjmp(reader.errors.jump) != 0) return false;
  begin(reader, source);
  jpeg_decompress_struct& decoder = reader.decoder;
  reader.result.error = implausibility(decoder, source.size);
  if (!reader.result.error.empty()) return true;
  const bool cmyk = decoder.jpeg_color_space == JCS_CMYK || decoder.jpeg_color_space == JCS_YCCK;
  decoder.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  decoder.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&decoder);
  read_rows(reader);
  jpeg_finish_decompress(&decoder);
  return true;
}

struct JpegWriter {
  jpeg_compress_struct encoder{};
  ErrorManager errors{};
  unsigned char* buffer = nullptr;
  unsigned long size = 0;

  JpegWriter() {
    set_up(errors);
    encoder.err = &errors.base;
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;
  ~JpegWriter() {
    jpeg_destroy_compress(&encoder);
    std::free(buffer);
  }
};

bool encode(JpegWriter& writer, const Image& image, int quality) {
  jpeg_compress_struct& encoder = writer.encoder;
  if (setjmp(writer.errors.jump) != 0) return false;
  jpeg_create_compress(&encoder);
  jpeg_mem_dest(&encoder, &writer.buffer, &writer.size);
  encoder.image_width = static_cast<JDIMENSION>(image.width);
  encoder.image_height = static_cast<JDIMENSION>(image.height);
  encoder.input_components = image.channels;
  encoder.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_set_quality(&encoder, quality, TRUE);
  if (quality >= 95) encoder.comp_info[0].h_samp_factor = encoder.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&encoder, TRUE);
  while (encoder.next_scanline < encoder.image_height) {
    auto* row = const_cast<JSAMPROW>(image.at(0, static_cast<int>(encoder.next_scanline)));
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  return true;
}

}  // namespace

detail::Header detail::jpeg_header(Encoded source) {
  Header header;
  JpegReader reader;
  if (read_header(reader, source)) {
    header.width = reader.decoder.image_width;
    header.height = reader.decoder.image_height;
    header.orientation = reader.result.orientation;
    header.memory = memory_to_decode(reader.decoder);
    // It may spend next to nothing on a block: nobody could tell its flat areas from missing data.
    if (reader.decoder.arith_code)
      header.error = "is an arithmetic-coded JPEG, in which missing data go unnoticed; expected Huffman coding";
    if (header.orientation != 1) header.memory += 3 * static_cast<uint64_t>(header.width * header.height);
  } else {
    header.cut_off = reader.errors.base.msg_code == JWRN_JPEG_EOF;
    if (!header.cut_off) header.error = fmt::format("cannot read the JPEG: {}", reader.errors.message);
  }
  return header;
}

detail::Decoded detail::decode_jpeg(Encoded source) {
  JpegReader reader;
  if (!decode(reader, source)) reader.result.error = fmt::format("cannot read the JPEG: {}", reader.errors.message);
  return std::move(reader.result);
}

Bytes encode_jpeg(const Image& image, int quality) {
  require(image.channels == 1 || image.channels == 3, "JPEG: {} channels, expected 1 or 3", image.channels);
  require(quality >= 1 && quality <= 100, "JPEG: quality {}, expected 1 to 100", quality);
  JpegWriter writer;
  require(encode(writer, image, quality), "cannot encode a JPEG: {}", writer.errors.message);
  const auto* begin = reinterpret_cast<const std::byte*>(writer.buffer);
  return Bytes(begin, begin + writer.size);
}

}  // namespace lifted::formats
