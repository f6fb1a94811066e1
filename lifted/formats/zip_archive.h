// Zip archives, read with every size checked against the file before it is used: of memory whose stored entries are
// used in place, without copying (PyTorch's checkpoints are such archives), or of a file that is read entry by entry
// (images). Knows ZIP64, deflate and every way of writing names.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "lifted/formats/byte_source.h"
#include "lifted/formats/random_access_file.h"
#include "lifted/formats/read_budget.h"

namespace lifted::formats {

/// All const methods may be called from several threads at once.
class ZipArchive {
 public:
  struct Entry {
    uint64_t header_offset = 0;    // of its local header
    uint64_t compressed_size = 0;  // bytes in the file
    uint64_t size = 0;             // bytes of content, as the directory claims: read() checks it
    uint64_t room_end = 0;         // where the next entry or the directory begins
    uint32_t crc32 = 0;
    uint16_t method = 0, flags = 0;

    bool is_encrypted() const { return (flags & 1) != 0; }
    bool is_stored() const { return method == 0; }
  };

  /// Reads the directory. LocatedError if it is damaged or names an entry twice.
  explicit ZipArchive(ByteSource source);
  explicit ZipArchive(std::shared_ptr<const RandomAccessFile> file);

  /// The archive's memory; without bytes if it is read from a file.
  const ByteSource& source() const { return source_; }
  /// By name, in UTF-8: names that are neither that nor come with a translation are taken for CP437, zip's default.
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  bool contains(std::string_view name) const { return entries_.contains(name); }

  /// The content of an entry, named "FILE (ENTRY)": shares the archive's memory where it can. Error if the entry is
  /// missing, larger than `max_size` (before anything is allocated), encrypted, compressed in a way other than deflate,
  /// damaged, overlaps another one or lies outside the file.
  ByteSource read(std::string_view name, uint64_t max_size = UINT64_MAX) const;
  /// The same, but what has to be inflated is spent from the file's budget first.
  ByteSource read(std::string_view name, ReadBudget& budget) const;
  /// The same as bytes of one's own.
  Bytes read_bytes(std::string_view name, uint64_t max_size = UINT64_MAX) const;
  /// The first `count` bytes of an entry, or all if it has fewer; the checksum is not looked at.
  Bytes read_start(std::string_view name, uint64_t count) const;

 private:
  void read_directory();
  void measure_rooms(uint64_t directory_offset);
  ByteSource fetch(uint64_t offset, uint64_t count, std::string_view what) const;
  const Entry& checked_entry(std::string_view name) const;
  uint64_t content_offset(std::string_view name, const Entry& entry) const;
  uint64_t size() const { return file_ ? file_->size() : source_.size(); }

  ByteSource source_;
  std::shared_ptr<const RandomAccessFile> file_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace lifted::formats
