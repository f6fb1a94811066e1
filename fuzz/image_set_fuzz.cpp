// A zip of a dataset.json and an image, both deflated with right checksums, is a data set or an Error: what the bytes
// of a zip hide from a fuzzer. The input is the dataset.json, a zero byte, and the image.
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lifted/base/error.h"
#include "lifted/formats/image_archive.h"

namespace {

std::string deflated(std::string_view content) {
  std::string packed(compressBound(content.size()) + 16, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string number(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += i < 8 ? static_cast<char>(value >> (8 * i)) : '\0';
  return text;
}

struct Zip {
  std::string file, directory;
  int entries = 0;

  void add(std::string_view name, std::string_view content) {
    const std::string packed = deflated(content);
    const std::string common = number(20, 2) + number(0, 2) + number(8, 2) + number(0, 4) +
                               number(crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()), 4) +
                               number(packed.size(), 4) + number(content.size(), 4) + number(name.size(), 2) +
                               number(0, 2);
    directory += "PK\1\2" + number(20, 2) + common + number(0, 10) + number(file.size(), 4) + std::string(name);
    file += "PK\3\4" + common + std::string(name) + packed;
    ++entries;
  }
  std::string finished() const {
    return file + directory + "PK\5\6" + number(0, 4) + number(entries, 2) + number(entries, 2) +
           number(directory.size(), 4) + number(file.size(), 4) + number(0, 2);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), size);
  Zip zip;
  zip.add("p/dataset.json", input.substr(0, end));
  zip.add("p/a.png", input.substr(std::min(end + 1, size)));
  zip.add("p/b.png", "");
  const std::string bytes = zip.finished();
  const int descriptor = memfd_create("fuzz.zip", MFD_CLOEXEC);
  if (descriptor < 0 || write(descriptor, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    std::abort();
  try {
    const auto archive = lifted::formats::open_image_archive(fmt::format("/proc/self/fd/{}", descriptor));
    archive->label(0).is_null();
    archive->header(0);
    archive->image(0);
  } catch (const lifted::Error&) {
  }
  close(descriptor);
  return 0;
}
