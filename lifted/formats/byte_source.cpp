#include "lifted/formats/byte_source.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace lifted::formats {
namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    require(number_ >= 0, "{}: cannot open: {}", path.string(), std::strerror(errno));
  }
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return number_; }

 private:
  int number_;
};

}  // namespace

ByteSource ByteSource::map_file(const std::filesystem::path& path) {
  std::error_code ignored;
  require(!std::filesystem::is_directory(path, ignored), "{}: is a folder, expected a file", path.string());
  const Descriptor file(path);
  struct stat status {};
  require(::fstat(file, &status) == 0 && S_ISREG(status.st_mode), "{}: expected a regular file", path.string());

  ByteSource source;
  source.name_ = path.string();
  source.size_ = static_cast<uint64_t>(status.st_size);
  if (source.size_ == 0) return source;
  const auto size = static_cast<size_t>(status.st_size);
  // Private and writable: a tensor changed in place gets its own copy of the page.
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
  require(memory != MAP_FAILED, "{}: cannot map {} bytes: {}", path.string(), size, std::strerror(errno));
  source.data_ = {static_cast<std::byte*>(memory), [size](std::byte* start) { ::munmap(start, size); }};
  return source;
}

ByteSource ByteSource::adopt(Bytes bytes, std::string name) {
  auto owner = std::make_shared<Bytes>(std::move(bytes));
  ByteSource source;
  source.name_ = std::move(name);
  source.size_ = owner->size();
  source.data_ = {owner, owner->data()};
  return source;
}

ByteSource ByteSource::slice(uint64_t offset, uint64_t size) const {
  require(offset <= size_ && size <= size_ - offset, "{}: {} bytes at {} lie outside of its {} bytes", name_, size,
          offset, size_);
  ByteSource part = *this;
  part.data_ = {data_, data_.get() + offset};
  part.size_ = size;
  return part;
}

ByteSource ByteSource::renamed(std::string name) const {
  ByteSource same = *this;
  same.name_ = std::move(name);
  return same;
}

const std::byte* ByteReader::advance(uint64_t count, std::string_view what) {
  if (count > remaining()) {
    fail_at(position_, "the file ends inside {} ({} bytes expected, {} left)", what, count, remaining());
  }
  const std::byte* start = source_.bytes().data() + position_;
  position_ += count;
  return start;
}

ByteSource ByteReader::take(uint64_t count, std::string_view what) {
  const uint64_t start = position_;
  advance(count, what);
  return source_.slice(start, count);
}

std::string_view ByteReader::take_line(std::string_view what) {
  const std::string_view rest = source_.text().substr(position_);
  const size_t length = rest.find('\n');
  if (length == std::string_view::npos) fail_at(position_, "the file ends inside {} (a newline expected)", what);
  position_ += length + 1;
  return rest.substr(0, length);
}

}  // namespace lifted::formats
