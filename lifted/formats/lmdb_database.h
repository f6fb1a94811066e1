// Reads the main table of an LMDB database (version 1, 64 bits): looks keys up in its B+tree, page by page. liblmdb
// maps the file and trusts what it finds there; here every offset is checked, so that a damaged file is an Error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "lifted/base/error.h"
#include "lifted/formats/random_access_file.h"

namespace lifted::formats {

/// All methods may be called from several threads at once. Errors name the file.
class LmdbDatabase {
 public:
  /// Error if the file is no such database, is shorter than it says, or sorts its keys in an order of its own.
  explicit LmdbDatabase(const std::filesystem::path& file);

  struct Value {
    uint64_t offset = 0;  // in the file
    uint32_t size = 0;
  };
  struct Item {
    std::string key;
    Value value;
  };

  /// The first item whose key is not less than `key`, in order of bytes.
  std::optional<Item> lower_bound(std::string_view key) const;
  std::optional<Value> find(std::string_view key) const;
  /// The first `count` bytes of a value, or all of them.
  Bytes read(const Value& value, uint64_t count = UINT64_MAX) const;
  /// How many items the database says it has.
  uint64_t size() const { return entries_; }

 private:
  class Page;
  Page read_page(uint64_t number) const;
  std::optional<Item> lower_bound(uint64_t page, std::string_view key, int depth, int& budget) const;
  Value value_of(const Page& page, size_t node) const;
  template <typename... Args>
  [[noreturn]] void damaged(fmt::format_string<Args...> format, Args&&... args) const;

  RandomAccessFile file_;
  uint64_t page_size_ = 0, root_ = 0, entries_ = 0;
  int depth_ = 0;
};

}  // namespace lifted::formats
