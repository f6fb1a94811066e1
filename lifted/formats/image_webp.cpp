// Still WebP images through libwebp.
#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "lifted/base/error.h"
#include "lifted/formats/image_codecs.h"

namespace lifted::formats::detail {
namespace {

int orientation_of(Encoded source) {
  const WebPData data{source.data, source.size};
  const std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)> demuxer(WebPDemux(&data), &WebPDemuxDelete);
  WebPChunkIterator chunk{};
  if (!demuxer || WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) == 0) return 1;
  const int orientation = exif_orientation(chunk.chunk.bytes, chunk.chunk.size);
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

/// The decoder of lossless images keeps four bytes of a pixel, that of lossy ones a few rows and, twice, the alpha
/// plane.
uint64_t bytes_per_pixel(const WebPBitstreamFeatures& features) {
  constexpr int lossy = 1;
  const uint64_t result = features.has_alpha != 0 ? 4 : 3;
  if (features.format != lossy) return result + 4;
  return features.has_alpha != 0 ? result + 2 : result;
}

}  // namespace

Header webp_header(Encoded source) {
  Header header;
  WebPBitstreamFeatures features{};
  const VP8StatusCode status = WebPGetFeatures(source.data, source.size, &features);
  header.cut_off = status == VP8_STATUS_NOT_ENOUGH_DATA;
  if (header.cut_off) return header;
  if (status != VP8_STATUS_OK) header.error = "cannot read the WebP: damaged header";
  if (features.has_animation != 0) header.error = "is an animated WebP, expected a still image";
  header.width = features.width;
  header.height = features.height;
  header.memory =
      bytes_per_pixel(features) * static_cast<uint64_t>(features.width) * static_cast<uint64_t>(features.height);
  return header;
}

Decoded decode_webp(Encoded source) {
  Decoded result;
  WebPBitstreamFeatures features{};
  WebPGetFeatures(source.data, source.size, &features);
  const bool alpha = features.has_alpha != 0;
  result.image = filled_image(features.width, features.height, alpha ? 4 : 3);
  Image& image = result.image;
  const int stride = image.width * image.channels;
  const auto decode_into = alpha ? &WebPDecodeRGBAInto : &WebPDecodeRGBInto;
  if (decode_into(source.data, source.size, image.pixels.data(), image.pixels.size(), stride) == nullptr) {
    result.error = "cannot read the WebP: damaged or truncated image data";
  }
  result.orientation = orientation_of(source);
  return result;
}

}  // namespace lifted::formats::detail
