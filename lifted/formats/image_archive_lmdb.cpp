#include <charconv>
#include <set>

#include "lifted/base/error.h"
#include "lifted/formats/image_archive_kinds.h"
#include "lifted/formats/lmdb_database.h"

namespace lifted::formats::detail {
namespace {

namespace fs = std::filesystem;

/// The whole text as a number ≥ 0, or −1.
int64_t number_of(std::string_view text) {
  int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0 ? number : -1;
}

class LmdbArchive : public ImageArchive {
 public:
  LmdbArchive(const fs::path& path, int preferred_size)
      : ImageArchive(path), database_(fs::is_directory(path) ? path / "data.mdb" : path) {
    read_length();
    choose_size(preferred_size);
  }

  std::string kind() const override { return "lmdb"; }
  int64_t size() const override { return length_; }
  std::string name(int64_t index) const override { return fmt::format("{}-{:05d}", size_, index); }
  Bytes bytes(int64_t index) const override { return database_.read(find(index)); }
  Start start(int64_t index, uint64_t count) const override {
    const LmdbDatabase::Value value = find(index);
    return {database_.read(value, count), value.size};
  }

 private:
  LmdbDatabase::Value find(int64_t index) const {
    const std::string key = name(index);
    const auto value = database_.find(key);
    require(value.has_value(), "{}: the key {} is missing (\"length\" says {})", path_.string(), key, length_);
    require(value->size <= kMaxEncodedBytes, "{}: {}: {} bytes are too many for an image", path_.string(), key,
            value->size);
    return *value;
  }

  void read_length() {
    const auto value = database_.find("length");
    require(value.has_value(),
            "{}: the lmdb has no key \"length\", expected the layout of rosinality's prepare_data.py", path_.string());
    const Bytes bytes = database_.read(*value, 32);
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    length_ = number_of(text);
    // A wrong length shall not mean a million missing keys.
    const auto most = static_cast<int64_t>(std::min<uint64_t>(database_.size(), 1u << 30)) * 10 + 1000;
    require(length_ >= 0 && length_ <= most, "{}: the key \"length\" says \"{}\", but the lmdb has {} entries",
            path_.string(), text, database_.size());
  }

  /// The sizes that keys start with, found by jumping from one prefix to behind the next.
  std::set<int64_t> sizes() const {
    constexpr int most_jumps = 1000;
    std::set<int64_t> result;
    auto item = database_.lower_bound("");
    for (int i = 0; item && i < most_jumps; ++i) {
      const std::string_view key = item->key;
      const int64_t size = number_of(key.substr(0, key.find('-')));
      const bool of_image = size > 0 && key.find('-') != std::string_view::npos;
      if (of_image) result.insert(size);
      item = database_.lower_bound(of_image ? fmt::format("{}.", key.substr(0, key.find('-')))  // '.' follows '-'
                                            : item->key + '\0');
    }
    return result;
  }

  void choose_size(int preferred) {
    const auto found = sizes();
    require(!found.empty(), "{}: the lmdb has no keys of the form \"256-00000\"", path_.string());
    const auto next = preferred > 0 ? found.lower_bound(preferred) : found.end();
    size_ = next == found.end() ? *found.rbegin() : *next;
  }

  LmdbDatabase database_;
  int64_t length_ = 0, size_ = 0;
};

}  // namespace

std::shared_ptr<const ImageArchive> open_lmdb(const fs::path& path, int preferred_size) {
  return std::make_shared<LmdbArchive>(path, preferred_size);
}

}  // namespace lifted::formats::detail
