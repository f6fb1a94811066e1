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

std::string problem_of(const WebPBitstreamFeatures& features, VP8StatusCode status) {
  if (status == VP8_STATUS_NOT_ENOUGH_DATA) return "cannot read the WebP: the file ends early (truncated)";
  if (status != VP8_STATUS_OK) return "cannot read the WebP: damaged header";
  if (features.has_animation != 0) return "is an animated WebP, expected a still image";
  return size_problem(features.width, features.height);
}

}  // namespace

Decoded decode_webp(Encoded source) {
  Decoded result;
  WebPBitstreamFeatures features{};
  const VP8StatusCode status = WebPGetFeatures(source.data, source.size, &features);
  result.error = problem_of(features, status);
  if (!result.error.empty()) return result;
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
