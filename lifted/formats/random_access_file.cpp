#include "lifted/formats/random_access_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "lifted/base/error.h"

namespace lifted::formats {

RandomAccessFile::RandomAccessFile(const std::filesystem::path& path)
    : name_(path.string()), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (descriptor_ < 0) fail("{}: cannot open: {}", name_, std::strerror(errno));
  struct stat status {};
  const bool regular = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  if (!regular) ::close(descriptor_);
  require(regular, "{}: expected a regular file", name_);
  size_ = static_cast<uint64_t>(status.st_size);
}

RandomAccessFile::~RandomAccessFile() {
  ::close(descriptor_);
}

Bytes RandomAccessFile::read(uint64_t offset, uint64_t count) const {
  require(offset <= size_ && count <= size_ - offset, "{}: the file ends too early: {} bytes at {} expected, it has {}",
          name_, count, offset, size_);
  Bytes bytes(count);
  for (uint64_t done = 0; done < count;) {
    const uint64_t part = std::min<uint64_t>(count - done, 1u << 30);
    const ssize_t got = ::pread(descriptor_, bytes.data() + done, part, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("{}: cannot be read: {}", name_, std::strerror(errno));
    require(got > 0, "{}: the file was cut short: no byte at {}", name_, offset + done);
    done += static_cast<uint64_t>(got);
  }
  return bytes;
}

}  // namespace lifted::formats
