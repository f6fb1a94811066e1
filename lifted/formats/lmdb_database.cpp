#include "lifted/formats/lmdb_database.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace lifted::formats {
namespace {

// The layout of LMDB 0.9's mdb.c; numbers are little-endian.
constexpr uint32_t kLmdbMagic = 0xBEEFC0DE, kLmdbVersion = 1;
constexpr uint64_t kPageHeader = 16;  // of a page: number, padding, flags at 10, lower at 12, upper at 14
constexpr uint64_t kNodeSize = 8;     // of a node: data size or child (low, high), flags at 4, key size at 6
constexpr uint16_t kBranchPage = 1, kLeafPage = 2, kOverflowPage = 4, kMetaPage = 8;  // of pages
constexpr uint16_t kBigData = 1;                  // of nodes: the value is on pages of its own
constexpr uint64_t kMetaSize = 136, kTable = 72;  // after the header: the main table's record lies 72 bytes behind
constexpr uint64_t kNoPage = UINT64_MAX;
constexpr int kDeepest = 32;
constexpr int kMostPages = 100;  // of one search: a sound tree takes two for each level

template <typename T>
T lmdb_number(const Bytes& bytes, uint64_t offset) {
  T number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

}  // namespace

template <typename... Args>
void LmdbDatabase::damaged(fmt::format_string<Args...> format, Args&&... args) const {
  fail("{}: the lmdb is damaged: {}", file_.name(), fmt::format(format, std::forward<Args>(args)...));
}

/// A branch or leaf page with nodes that lie inside it.
class LmdbDatabase::Page {
 public:
  Page(Bytes bytes, uint64_t number) : bytes_(std::move(bytes)), number_(number) {}

  uint64_t number() const { return number_; }
  uint16_t flags() const { return lmdb_number<uint16_t>(bytes_, 10); }
  bool is_leaf() const { return flags() == kLeafPage; }
  size_t count() const { return (lmdb_number<uint16_t>(bytes_, 12) - kPageHeader) / 2; }
  std::string_view key(size_t node) const {
    return {reinterpret_cast<const char*>(bytes_.data() + start(node) + kNodeSize), key_size(node)};
  }
  uint16_t node_flags(size_t node) const { return field(node, 2); }
  uint32_t data_size(size_t node) const { return field(node, 0) | uint32_t{field(node, 1)} << 16; }
  uint64_t child(size_t node) const { return data_size(node) | uint64_t{node_flags(node)} << 32; }
  /// Of a leaf's value, or of the number of the page it is on, in the page.
  uint64_t data_offset(size_t node) const { return start(node) + kNodeSize + key_size(node); }
  uint64_t overflow_page(size_t node) const { return lmdb_number<uint64_t>(bytes_, data_offset(node)); }

  /// What is wrong with it, or empty: nothing above may be called before.
  std::string problem() const {
    if (lmdb_number<uint64_t>(bytes_, 0) != number_) return "it bears another number";
    if (flags() != kLeafPage && flags() != kBranchPage) return fmt::format("it is of the kind {}", flags());
    const uint64_t lower = lmdb_number<uint16_t>(bytes_, 12);
    if (lower < kPageHeader + 2 || lower > bytes_.size() || lower % 2 != 0) return "it has no list of nodes";
    for (size_t i = 0; i < count(); ++i) {
      if (start(i) < lower || start(i) + kNodeSize > bytes_.size() || end(i) > bytes_.size())
        return fmt::format("its node {} lies outside", i);
      if (i > (is_leaf() ? 0u : 1u) && key(i - 1) >= key(i)) return fmt::format("its key {} is out of order", i);
    }
    return {};
  }

 private:
  uint64_t start(size_t node) const { return lmdb_number<uint16_t>(bytes_, kPageHeader + 2 * node); }
  uint16_t field(size_t node, size_t index) const { return lmdb_number<uint16_t>(bytes_, start(node) + 2 * index); }
  uint16_t key_size(size_t node) const { return field(node, 3); }
  uint64_t end(size_t node) const {
    if (!is_leaf()) return start(node) + kNodeSize + key_size(node);
    return data_offset(node) + (node_flags(node) == kBigData ? sizeof(uint64_t) : data_size(node));
  }

  Bytes bytes_;
  uint64_t number_;
};

LmdbDatabase::LmdbDatabase(const std::filesystem::path& file) : file_(file) {
  const auto meta_at = [&](uint64_t offset) -> std::optional<Bytes> {
    if (file_.size() < kPageHeader + kMetaSize || offset > file_.size() - kPageHeader - kMetaSize) return {};
    const Bytes page = file_.read(offset, kPageHeader + kMetaSize);
    const bool valid = (lmdb_number<uint16_t>(page, 10) & kMetaPage) != 0 &&
                       lmdb_number<uint32_t>(page, 16) == kLmdbMagic && lmdb_number<uint32_t>(page, 20) == kLmdbVersion;
    if (!valid) return {};
    return Bytes(page.begin() + kPageHeader, page.end());
  };
  // The page size stands where the table of free pages has its padding.
  std::optional<Bytes> meta = meta_at(0);
  require(meta.has_value(), "{}: is no lmdb of version 1, or its first page is damaged", file_.name());
  page_size_ = lmdb_number<uint32_t>(*meta, 24);
  if (page_size_ < 512 || page_size_ > 65536 || !std::has_single_bit(page_size_))
    damaged("its pages are said to have {} bytes", page_size_);
  // Writers take the two pages in turn: the later transaction counts.
  const std::optional<Bytes> other = meta_at(page_size_);
  if (!other) damaged("its second page is none, or the file is truncated to {} bytes", file_.size());
  if (lmdb_number<uint64_t>(*other, 128) > lmdb_number<uint64_t>(*meta, 128)) meta = other;

  const uint64_t last = lmdb_number<uint64_t>(*meta, 120);
  require(last < file_.size() / page_size_, "{}: the lmdb is truncated: {} bytes, expected {} pages of {}",
          file_.name(), file_.size(), last + 1, page_size_);
  if (const auto flags = lmdb_number<uint16_t>(*meta, kTable + 4); flags != 0)
    fail("{}: the lmdb's main table has the flags {:#x}, expected none", file_.name(), flags);
  depth_ = lmdb_number<uint16_t>(*meta, kTable + 6);
  entries_ = lmdb_number<uint64_t>(*meta, kTable + 32);
  root_ = lmdb_number<uint64_t>(*meta, kTable + 40);
  if (depth_ > kDeepest) damaged("its tree is said to be {} pages deep", depth_);
}

LmdbDatabase::Page LmdbDatabase::read_page(uint64_t number) const {
  if (number < 2 || number >= file_.size() / page_size_) damaged("it refers to page {}, which is none", number);
  Page page(file_.read(number * page_size_, page_size_), number);
  const std::string problem = page.problem();
  if (!problem.empty()) damaged("page {}: {}", number, problem);
  return page;
}

LmdbDatabase::Value LmdbDatabase::value_of(const Page& page, size_t node) const {
  const uint32_t size = page.data_size(node);
  if (page.node_flags(node) == 0) return {page.number() * page_size_ + page.data_offset(node), size};
  if (page.node_flags(node) != kBigData)
    damaged("page {}: a value of the kind {:#x}, expected plain bytes", page.number(), page.node_flags(node));
  const uint64_t first = page.overflow_page(node), pages = (kPageHeader + size + page_size_ - 1) / page_size_,
                 in_file = file_.size() / page_size_;
  if (first < 2 || first >= in_file || pages > in_file - first)
    damaged("page {}: a value of {} bytes on page {}, outside the file", page.number(), size, first);
  const Bytes header = file_.read(first * page_size_, kPageHeader);
  if (lmdb_number<uint64_t>(header, 0) != first || lmdb_number<uint16_t>(header, 10) != kOverflowPage ||
      lmdb_number<uint32_t>(header, 12) < pages)
    damaged("page {}: expected a value of {} bytes there", first, size);
  return {first * page_size_ + kPageHeader, size};
}

std::optional<LmdbDatabase::Item> LmdbDatabase::lower_bound(std::string_view key) const {
  if (root_ == kNoPage) return std::nullopt;
  int budget = kMostPages;
  return lower_bound(root_, key, 1, budget);
}

std::optional<LmdbDatabase::Item> LmdbDatabase::lower_bound(uint64_t number, std::string_view key, int depth,
                                                            int& budget) const {
  if (depth > depth_ || --budget < 0) damaged("page {} lies deeper than the tree", number);
  const Page page = read_page(number);
  if (page.is_leaf() != (depth == depth_)) damaged("page {} is a leaf on the way or none at the end of it", number);
  if (page.is_leaf()) {
    for (size_t i = 0; i < page.count(); ++i)
      if (page.key(i) >= key) return Item{std::string(page.key(i)), value_of(page, i)};
    return std::nullopt;
  }
  // A child holds what is not less than its key (the first one's counts as empty); where all in it is less than the
  // wanted key, the next child begins with the item.
  size_t from = 0;
  while (from + 1 < page.count() && page.key(from + 1) <= key) ++from;
  for (size_t i = from; i < page.count(); ++i)
    if (auto item = lower_bound(page.child(i), key, depth + 1, budget)) return item;
  return std::nullopt;
}

std::optional<LmdbDatabase::Value> LmdbDatabase::find(std::string_view key) const {
  const auto item = lower_bound(key);
  return item && item->key == key ? std::optional(item->value) : std::nullopt;
}

Bytes LmdbDatabase::read(const Value& value, uint64_t count) const {
  return file_.read(value.offset, std::min<uint64_t>(value.size, count));
}

}  // namespace lifted::formats
