// Whole-file reading and atomic writing. Nothing is written in place: temporary file, flush, rename.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lifted {

using Bytes = std::vector<std::byte>;

/// The file's bytes; pipes are read to their end. Throws Error if it cannot be read or is larger than `max_bytes`.
Bytes read_file(const std::filesystem::path& path, uint64_t max_bytes = UINT64_MAX);
/// The same as text.
std::string read_text_file(const std::filesystem::path& path, uint64_t max_bytes = UINT64_MAX);

/// Whether a file's bytes and name are on the disk before its writer goes on.
enum class Flush { to_disk, never };

/// A file that is there whole or not at all. Bytes go to a temporary file in the folder of `path` (which is created);
/// commit() flushes it and gives it its name. Without commit() nothing is left and `path` stays as it was, even if the
/// program is killed: the temporary has no name where the file system can do that (O_TMPFILE); elsewhere it is removed
/// when an exception or SIGINT, SIGTERM or SIGHUP ends the program.
///
/// Links are followed, so that their target is replaced, and a file that is replaced keeps its mode and, where the
/// system permits, its owner. Terminals, pipes, other character devices and descriptors (/dev/stdout, /dev/fd/3) are
/// never replaced: commit() writes the whole to them. Error, naming `path` and the system's reason, if anything fails,
/// and for folders, block devices and sockets.
class AtomicFile {
 public:
  /// Whether the temporary may do without a name; `named` is for tests.
  enum class Temporary { unnamed_where_possible, named };

  explicit AtomicFile(const std::filesystem::path& path, Flush flush = Flush::to_disk,
                      Temporary temporary = Temporary::unnamed_where_possible);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t size);
  void write(std::string_view bytes) { write(bytes.data(), bytes.size()); }

  /// A path by which a library that opens files itself can write and read the temporary, instead of write().
  std::string temporary() const;

  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The whole of a file, written as an AtomicFile.
void write_file_atomically(const std::filesystem::path& path, std::string_view contents, Flush flush = Flush::to_disk);
void write_file_atomically(const std::filesystem::path& path, const void* data, size_t size,
                           Flush flush = Flush::to_disk);

/// Whether an AtomicFile of `path` would write to what is there instead of replacing it.
bool is_output_stream(const std::filesystem::path& path);
/// Whether writing to `path` writes to the program's standard output (/dev/stdout, or the file it is redirected to).
bool is_standard_output(const std::filesystem::path& path);

/// Creates the folder (and its parents). Throws Error if it cannot be created or is not writable.
void make_output_folder(const std::filesystem::path& folder);

/// SHA-256 of a file, as 64 hex digits.
std::string sha256_of_file(const std::filesystem::path& path);
/// SHA-256 of a block of memory, as 64 hex digits.
std::string sha256_of(const void* data, size_t size);

}  // namespace lifted
