#include "lifted/base/file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>

#include "lifted/base/error.h"

namespace lifted {
namespace {

std::string reason() {
  return std::strerror(errno);
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(const void* data, size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &length);
    std::string text;
    for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

void write_all(int descriptor, const char* data, size_t size, const std::filesystem::path& path) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, data, size);
    if (written < 0 && errno == EINTR) continue;
    require(written > 0, "{}: cannot write: {}", path.string(), reason());
    data += written;
    size -= static_cast<size_t>(written);
  }
}

}  // namespace

Bytes read_file(const std::filesystem::path& path, uint64_t max_bytes) {
  std::error_code status;
  require(!std::filesystem::is_directory(path, status), "{}: is a folder, expected a file", path.string());
  std::ifstream file(path, std::ios::binary);
  require(file.good(), "{}: cannot open: {}", path.string(), reason());
  file.seekg(0, std::ios::end);
  const auto size = static_cast<uint64_t>(file.tellg());
  require(size <= max_bytes, "{}: {} bytes, expected at most {}", path.string(), size, max_bytes);
  Bytes bytes(size);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  require(static_cast<uint64_t>(file.gcount()) == size, "{}: read {} of {} bytes", path.string(), file.gcount(), size);
  return bytes;
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  static std::atomic<unsigned> counter{0};
  if (path_.has_parent_path()) make_output_folder(path_.parent_path());
  // The extension stays last: media libraries choose the container by it.
  temporary_ = path_.parent_path() /
               fmt::format(".{}.{}.{}.tmp{}", path_.stem().string(), ::getpid(), counter++, path_.extension().string());
}

AtomicFile::~AtomicFile() {
  std::error_code ignored;
  if (!committed_) std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::commit() {
  const int descriptor = ::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC);
  require(descriptor >= 0, "{}: cannot reopen before renaming: {}", temporary_.string(), reason());
  const bool flushed = ::fsync(descriptor) == 0;
  const std::string why = reason();
  ::close(descriptor);
  require(flushed, "{}: cannot flush: {}", path_.string(), why);
  require(::rename(temporary_.c_str(), path_.c_str()) == 0, "{}: cannot write: {}", path_.string(), reason());
  committed_ = true;
}

void write_file_atomically(const std::filesystem::path& path, const void* data, size_t size) {
  AtomicFile file(path);
  const int descriptor = ::open(file.temporary().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  require(descriptor >= 0, "{}: cannot write: {}", path.string(), reason());
  const std::unique_ptr<const int, void (*)(const int*)> closer(&descriptor, [](const int* fd) { ::close(*fd); });
  write_all(descriptor, static_cast<const char*>(data), size, path);
  file.commit();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  write_file_atomically(path, contents.data(), contents.size());
}

void make_output_folder(const std::filesystem::path& folder) {
  std::error_code status;
  std::filesystem::create_directories(folder, status);
  require(std::filesystem::is_directory(folder), "{}: cannot create the folder: {}", folder.string(),
          status ? status.message() : "a file of that name is in the way");
  require(::access(folder.c_str(), W_OK) == 0, "{}: the folder is not writable", folder.string());
}

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  require(file.good(), "{}: cannot open: {}", path.string(), reason());
  Sha256 hash;
  std::vector<char> block(1 << 20);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    hash.add(block.data(), static_cast<size_t>(file.gcount()));
  }
  return hash.hex();
}

std::string sha256_of(const void* data, size_t size) {
  Sha256 hash;
  hash.add(data, size);
  return hash.hex();
}

}  // namespace lifted
