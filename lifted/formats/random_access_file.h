// A file of which parts are read when they are asked for. Unlike mapped memory, a file that is cut short meanwhile or a
// disk that fails is an Error and not a signal; what data sets are read from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "lifted/base/file.h"

namespace lifted::formats {

class RandomAccessFile {
 public:
  /// Error for folders, unreadable and special files.
  explicit RandomAccessFile(const std::filesystem::path& path);
  ~RandomAccessFile();
  RandomAccessFile(const RandomAccessFile&) = delete;
  RandomAccessFile& operator=(const RandomAccessFile&) = delete;

  const std::string& name() const { return name_; }
  uint64_t size() const { return size_; }
  /// `count` bytes from `offset`, from any thread. Error naming the file if it ends before or cannot be read.
  Bytes read(uint64_t offset, uint64_t count) const;

 private:
  std::string name_;
  int descriptor_;
  uint64_t size_ = 0;
};

}  // namespace lifted::formats
