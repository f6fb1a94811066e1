#include "lifted/formats/webp.h"

#include <webp/encode.h>

#include <memory>

#include "lifted/base/error.h"

namespace lifted::formats {

Bytes encode_webp(const Image& image, int quality) {
  require(image.channels == 3, "WebP: {} channels, expected 3", image.channels);
  require(quality >= 1 && quality <= 100, "WebP: quality {}, expected 1 to 100", quality);
  uint8_t* encoded = nullptr;
  const size_t size = WebPEncodeRGB(image.pixels.data(), image.width, image.height, image.width * 3,
                                    static_cast<float>(quality), &encoded);
  const std::unique_ptr<uint8_t, decltype(&WebPFree)> owner(encoded, &WebPFree);
  require(size > 0, "cannot encode a WebP of {}×{} pixels", image.width, image.height);
  const auto* begin = reinterpret_cast<const std::byte*>(encoded);
  return Bytes(begin, begin + size);
}

}  // namespace lifted::formats
