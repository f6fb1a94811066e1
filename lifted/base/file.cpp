#include "lifted/base/file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>
#include <system_error>
#include <utility>

#include "lifted/base/error.h"
#include "lifted/base/temporary_name.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;

constexpr size_t kBlock = 256 << 10;
constexpr uint64_t kMaxStream = uint64_t{1} << 30;  // of a pipe, where nobody gives a limit

/// "PATH: cannot DO: REASON", with errno as it is now.
[[noreturn]] void fail_with_reason(const fs::path& path, const char* what) {
  const int error = errno;
  fail("{}: cannot {}: {}", path.string(), what, std::strerror(error));
}

/// An open file, closed at the end; -1 for none.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  operator int() const { return number_; }
  int close() { return number_ < 0 ? 0 : ::close(std::exchange(number_, -1)); }

 private:
  int number_;
};

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

void write_all(int descriptor, const char* data, size_t size, const fs::path& path) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_with_reason(path, "write");
    data += written;
    size -= static_cast<size_t>(written);
  }
}

/// Up to `size` bytes; fewer at the end only.
size_t read_up_to(int descriptor, char* data, size_t size, const fs::path& path) {
  size_t done = 0;
  while (done < size) {
    const ssize_t count = ::read(descriptor, data + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_with_reason(path, "read");
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

void copy_all(int from, int to, const fs::path& path) {
  if (::lseek(from, 0, SEEK_SET) < 0) fail_with_reason(path, "write");
  std::vector<char> block(kBlock);
  while (const size_t count = read_up_to(from, block.data(), block.size(), path))
    write_all(to, block.data(), count, path);
}

template <typename Container>
Container read_whole(const fs::path& path, uint64_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file < 0) fail_with_reason(path, "open");
  struct stat status {};
  if (::fstat(file, &status) != 0) fail_with_reason(path, "read");
  require(!S_ISDIR(status.st_mode), "{}: is a folder, expected a file", path.string());
  Container bytes;
  const auto data = [&] { return reinterpret_cast<char*>(bytes.data()); };
  if (S_ISREG(status.st_mode)) {
    const auto size = static_cast<uint64_t>(status.st_size);
    require(size <= max_bytes, "{}: {} bytes, expected at most {}", path.string(), size, max_bytes);
    bytes.resize(size);
    const size_t count = read_up_to(file, data(), size, path);
    require(count == size, "{}: read {} of {} bytes", path.string(), count, size);
    return bytes;
  }
  const uint64_t most = std::min(max_bytes, kMaxStream);
  for (size_t size = 0;;) {
    bytes.resize(size + kBlock);
    const size_t count = read_up_to(file, data() + size, kBlock, path);
    size += count;
    require(size <= most, "{}: more than {} bytes, expected at most that many", path.string(), most);
    bytes.resize(size);
    if (count < kBlock) return bytes;
  }
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

bool in_procfs(const fs::path& path) {
  struct statfs system {};
  return ::statfs(folder_of(path).c_str(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

/// Where links lead in the end. Those of /proc are no names of files but open files, and stay.
fs::path follow_links(const fs::path& given) {
  fs::path path = given;
  for (int links = 0; links < 40; ++links) {
    std::error_code no_link;
    if (in_procfs(path)) return path;
    const fs::path next = fs::read_symlink(path, no_link);
    if (no_link) return path;
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  fail("{}: cannot write: its links lead nowhere", given.string());
}

/// The number of "/proc/self/fd/3", however that folder is called.
std::optional<int> own_descriptor(const fs::path& path) {
  struct stat folder {
  }, own{};
  if (::stat(folder_of(path).c_str(), &folder) != 0 || ::stat("/proc/self/fd", &own) != 0) return {};
  if (folder.st_dev != own.st_dev || folder.st_ino != own.st_ino) return {};
  const std::string name = path.filename().string();
  int number = -1;
  const auto [end, status] = std::from_chars(name.data(), name.data() + name.size(), number);
  return status == std::errc() && end == name.data() + name.size() ? std::optional(number) : std::nullopt;
}

/// Where an output goes.
struct Target {
  fs::path given;                       // as messages call it
  fs::path path;                        // a regular file's, which need not exist
  std::optional<struct stat> replaced;  // what is there now
  Descriptor stream;                    // instead of a path: what is written to and never replaced

  bool is_stream() const { return stream >= 0; }
};

Descriptor open_stream(const fs::path& path, const fs::path& given) {
  const auto number = own_descriptor(path);
  // Opened anew, a redirected file would be written from its start and not from where the shell stands in it.
  Descriptor stream(number ? ::fcntl(*number, F_DUPFD_CLOEXEC, 0)
                           : ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (stream < 0) fail_with_reason(given, "open");
  return stream;
}

Target find_target(const fs::path& given) {
  Target target{given, follow_links(given), {}, Descriptor()};
  struct stat status {};
  const bool exists = ::stat(target.path.c_str(), &status) == 0;
  if (!exists && errno != ENOENT && errno != ENOTDIR) fail_with_reason(given, "write");
  const mode_t mode = status.st_mode;
  require(!exists || !S_ISDIR(mode), "{}: is a folder, expected a file", given.string());
  require(!exists || (!S_ISBLK(mode) && !S_ISSOCK(mode)), "{}: is a {}, expected a file", given.string(),
          S_ISBLK(mode) ? "block device" : "socket");
  if ((exists && !S_ISREG(mode)) || in_procfs(target.path)) {
    target.stream = open_stream(target.path, given);
  } else if (exists) {
    target.replaced = status;
  }
  return target;
}

/// An open file without a name, or -1 where the file system has none.
Descriptor open_unnamed(const fs::path& folder) {
  Descriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
  const bool has_path = file >= 0 && ::access(fmt::format("/proc/self/fd/{}", int{file}).c_str(), F_OK) == 0;
  return has_path ? std::move(file) : Descriptor();
}

/// What a stream is to get, wherever there is room.
Descriptor open_scratch(const fs::path& given) {
  std::error_code none;
  Descriptor file = open_unnamed(fs::temp_directory_path(none));
  if (file < 0) file = Descriptor(::memfd_create("liftedgan", MFD_CLOEXEC));
  if (file < 0) fail_with_reason(given, "write");
  return file;
}

std::string hidden_name(const fs::path& folder) {
  std::random_device random;
  const uint64_t number = uint64_t{random()} << 32 | random();
  return (folder / fmt::format(".liftedgan-{:016x}.tmp", number)).string();
}

/// A replaced file's owner and mode; what the system does not permit stays as it is.
void take_over(int file, const struct stat& replaced) {
  if (::fchown(file, replaced.st_uid, replaced.st_gid) != 0) {
    [[maybe_unused]] const int group_only = ::fchown(file, static_cast<uid_t>(-1), replaced.st_gid);
  }
  ::fchmod(file, replaced.st_mode & 07777);
}

void flush_folder(const fs::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor >= 0) ::fsync(descriptor);  // some file systems cannot; then the name is theirs to keep
}

}  // namespace

Bytes read_file(const fs::path& path, uint64_t max_bytes) {
  return read_whole<Bytes>(path, max_bytes);
}

std::string read_text_file(const fs::path& path, uint64_t max_bytes) {
  return read_whole<std::string>(path, max_bytes);
}

// ---- AtomicFile ----

struct AtomicFile::State {
  Target target;
  Flush flush;
  Descriptor file;
  std::unique_ptr<TemporaryName> name;  // of `file`, if it has one
  std::string buffer;

  void open_named();
  void write_buffer();
  void give_name();
  /// The target's name; false if another file has it already.
  bool link_to(const char* path) const;
};

void AtomicFile::State::open_named() {
  name = std::make_unique<TemporaryName>(hidden_name(folder_of(target.path)));
  file = Descriptor(::open(name->name().c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (file >= 0) return;
  const int error = errno;
  name->keep();  // whatever is there is not ours
  errno = error;
  fail_with_reason(target.given, "write");
}

void AtomicFile::State::write_buffer() {
  write_all(file, buffer.data(), buffer.size(), target.given);
  buffer.clear();
}

bool AtomicFile::State::link_to(const char* path) const {
  const std::string unnamed = fmt::format("/proc/self/fd/{}", int{file});
  return ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

/// Renames the temporary over the target; an unnamed one needs a name for that first, unless nothing is to be replaced.
void AtomicFile::State::give_name() {
  const char* path = target.path.c_str();
  if (!name && !target.replaced && link_to(path)) return;
  if (!name) {
    name = std::make_unique<TemporaryName>(hidden_name(folder_of(target.path)));
    if (!link_to(name->name().c_str())) {  // a file system that has unnamed files, but cannot name them later
      const Descriptor unnamed = std::move(file);
      name->keep();
      open_named();
      copy_all(unnamed, file, target.given);
      if (flush == Flush::to_disk && ::fsync(file) != 0) fail_with_reason(target.given, "flush");
    }
  }
  if (::rename(name->name().c_str(), path) != 0) fail_with_reason(target.given, "write");
  name->keep();
}

AtomicFile::AtomicFile(const fs::path& path, Flush flush, Temporary temporary)
    : state_(new State{find_target(path), flush, Descriptor(), nullptr, {}}) {
  State& state = *state_;
  if (state.target.is_stream()) {
    state.file = open_scratch(path);
    return;
  }
  const fs::path folder = folder_of(state.target.path);
  make_output_folder(folder);
  if (temporary == Temporary::unnamed_where_possible) state.file = open_unnamed(folder);
  if (state.file < 0) state.open_named();
}

AtomicFile::~AtomicFile() = default;

std::string AtomicFile::temporary() const {
  return state_->name ? state_->name->name() : fmt::format("/proc/self/fd/{}", int{state_->file});
}

void AtomicFile::write(const void* data, size_t size) {
  State& state = *state_;
  if (state.buffer.size() + size > kBlock) state.write_buffer();
  if (size > kBlock) return write_all(state.file, static_cast<const char*>(data), size, state.target.given);
  state.buffer.append(static_cast<const char*>(data), size);
}

void AtomicFile::commit() {
  State& state = *state_;
  Target& target = state.target;
  state.write_buffer();
  if (target.is_stream()) {
    copy_all(state.file, target.stream, target.given);
    if (target.stream.close() != 0) fail_with_reason(target.given, "write");
    return;
  }
  if (target.replaced) take_over(state.file, *target.replaced);
  if (state.flush == Flush::to_disk && ::fsync(state.file) != 0) fail_with_reason(target.given, "flush");
  state.give_name();
  if (state.flush == Flush::to_disk) flush_folder(folder_of(target.path));
}

void write_file_atomically(const fs::path& path, const void* data, size_t size, Flush flush) {
  AtomicFile file(path, flush);
  file.write(data, size);
  file.commit();
}

void write_file_atomically(const fs::path& path, std::string_view contents, Flush flush) {
  write_file_atomically(path, contents.data(), contents.size(), flush);
}

bool is_output_stream(const fs::path& given) {
  const fs::path path = follow_links(given);
  struct stat status {};
  return in_procfs(path) ||
         (::stat(path.c_str(), &status) == 0 && (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode)));
}

bool is_standard_output(const fs::path& path) {
  struct stat there {
  }, output{};
  return ::stat(path.c_str(), &there) == 0 && ::fstat(STDOUT_FILENO, &output) == 0 && there.st_dev == output.st_dev &&
         there.st_ino == output.st_ino;
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
  if (!file.good()) fail_with_reason(path, "open");
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
