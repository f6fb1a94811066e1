// Whole-file reading and atomic writing. Nothing is written in place: temporary file, flush, rename.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lifted {

using Bytes = std::vector<std::byte>;

/// The file's bytes. Throws Error if it cannot be read or is larger than `max_bytes`.
Bytes read_file(const std::filesystem::path& path, uint64_t max_bytes = UINT64_MAX);

/// Writes beside `path` and renames over it when everything is on disk; the parent folder is created.
/// On any failure `path` is left as it was, the temporary file is removed, and Error says why.
void write_file_atomically(const std::filesystem::path& path, std::string_view contents);
void write_file_atomically(const std::filesystem::path& path, const void* data, size_t size);

/// A place to write a file with another library: `temporary()` is a sibling of `path`, `commit()` flushes and renames
/// it. Without commit() the destructor removes it.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::filesystem::path& temporary() const { return temporary_; }
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  bool committed_ = false;
};

/// Creates the folder (and its parents). Throws Error if it cannot be created or is not writable.
void make_output_folder(const std::filesystem::path& folder);

/// SHA-256 of a file, as 64 hex digits.
std::string sha256_of_file(const std::filesystem::path& path);
/// SHA-256 of a block of memory, as 64 hex digits.
std::string sha256_of(const void* data, size_t size);

}  // namespace lifted
