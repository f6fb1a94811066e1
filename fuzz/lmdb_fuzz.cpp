// Any bytes behind an lmdb's magic number are a database whose images can be read or an Error.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "lifted/base/error.h"
#include "lifted/formats/image_archive.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int descriptor = memfd_create("fuzz.lmdb", MFD_CLOEXEC);
  if (descriptor < 0 || write(descriptor, data, size) != static_cast<ssize_t>(size)) std::abort();
  try {
    const auto archive = lifted::formats::open_image_archive(fmt::format("/proc/self/fd/{}", descriptor));
    for (int64_t i = 0; i < archive->size() && i < 16; ++i) {
      try {
        archive->start(i, 64);
        archive->bytes(i);
      } catch (const lifted::Error&) {
      }
    }
  } catch (const lifted::Error&) {
  }
  close(descriptor);
  return 0;
}
