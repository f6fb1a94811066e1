// Zip archives whose stored entries are used in place, without copying (PyTorch's checkpoints are such archives). Reads
// ZIP64; checks every size against the file before using it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lifted/formats/byte_source.h"
#include "lifted/formats/read_budget.h"

namespace lifted::formats {

class ZipArchive {
 public:
  struct Entry {
    uint64_t header_offset = 0;    // of its local header
    uint64_t compressed_size = 0;  // bytes in the file
    uint64_t size = 0;             // bytes of content
    uint32_t crc32 = 0;
    uint16_t method = 0, flags = 0;
  };

  /// Reads the directory. LocatedError if it is damaged or its entries overlap or lie outside the file.
  explicit ZipArchive(ByteSource source);

  const ByteSource& source() const { return source_; }
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  bool contains(std::string_view name) const { return entries_.contains(name); }

  /// The content of an entry, named "FILE (ENTRY)": shares the file's memory if stored, inflated otherwise. Error if it
  /// is missing.
  ByteSource read(std::string_view name) const;
  /// The same, but what has to be inflated is spent from the file's budget first.
  ByteSource read(std::string_view name, ReadBudget& budget) const;

 private:
  void read_directory();
  void check_no_overlap(uint64_t directory_offset) const;

  ByteSource source_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace lifted::formats
