// Any bytes are an image or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "lifted/base/error.h"
#include "lifted/formats/image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto image = lifted::formats::read_image(data, size, "fuzz");
    if (image.pixels.size() != static_cast<size_t>(image.width) * image.height * 3) std::abort();
  } catch (const lifted::Error&) {
  }
  return 0;
}
