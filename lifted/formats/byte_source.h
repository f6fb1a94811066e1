// The bytes of a file, mapped into memory, which tensors read from it may go on using; and a cursor with checked
// bounds.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lifted/base/error.h"
#include "lifted/base/file.h"

namespace lifted::formats {

static_assert(std::endian::native == std::endian::little,
              "the readers take little-endian numbers from memory as they are");

/// An Error whose sentence already names file and byte offset.
class LocatedError : public Error {
 public:
  using Error::Error;
};

/// A block of bytes with a name for messages. Copies and slices share the memory, which lives as long as any of them.
class ByteSource {
 public:
  ByteSource() = default;

  /// Maps a regular file privately: writing to the memory never reaches the file. The file must not be shortened in
  /// place while in use (replacing it by renaming another over it is fine). Throws Error for folders, unreadable and
  /// special files.
  static ByteSource map_file(const std::filesystem::path& path);
  /// Takes over a block of memory.
  static ByteSource adopt(Bytes bytes, std::string name);

  const std::string& name() const { return name_; }
  uint64_t size() const { return size_; }
  std::span<const std::byte> bytes() const { return {data_.get(), static_cast<size_t>(size_)}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_.get()), static_cast<size_t>(size_)}; }
  /// The memory itself, together with its ownership.
  const std::shared_ptr<std::byte>& memory() const { return data_; }

  /// `size` bytes from `offset`; both must lie inside.
  ByteSource slice(uint64_t offset, uint64_t size) const;
  ByteSource renamed(std::string name) const;

 private:
  std::string name_;
  std::shared_ptr<std::byte> data_;
  uint64_t size_ = 0;
};

/// Reads a ByteSource front to back. Every failure is a LocatedError "NAME: at byte N: …".
class ByteReader {
 public:
  explicit ByteReader(ByteSource source, uint64_t position = 0) : source_(std::move(source)), position_(position) {}

  const ByteSource& source() const { return source_; }
  uint64_t position() const { return position_; }
  uint64_t remaining() const { return source_.size() - position_; }

  /// The next `count` bytes; `what` names them in the message if the file ends before.
  ByteSource take(uint64_t count, std::string_view what);
  std::string_view take_text(uint64_t count, std::string_view what) {
    return {reinterpret_cast<const char*>(advance(count, what)), static_cast<size_t>(count)};
  }
  /// The next text up to a newline, which is skipped.
  std::string_view take_line(std::string_view what);

  /// The next number, little-endian.
  template <typename T>
  requires std::is_arithmetic_v<T> T take_number(std::string_view what) {
    T number;
    std::memcpy(&number, advance(sizeof number, what), sizeof number);
    return number;
  }

  template <typename... Args>
  [[noreturn]] void fail_at(uint64_t offset, fmt::format_string<Args...> format, Args&&... args) const {
    throw LocatedError(
        fmt::format("{}: at byte {}: {}", source_.name(), offset, fmt::format(format, std::forward<Args>(args)...)));
  }

 private:
  const std::byte* advance(uint64_t count, std::string_view what);

  ByteSource source_;
  uint64_t position_;
};

}  // namespace lifted::formats
