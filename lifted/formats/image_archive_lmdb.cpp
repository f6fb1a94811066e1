#include <lmdb.h>

#include <charconv>
#include <mutex>
#include <set>

#include "lifted/base/error.h"
#include "lifted/formats/image_archive_kinds.h"

namespace lifted::formats::detail {
namespace {

namespace fs = std::filesystem;

struct EnvironmentCloser {
  void operator()(MDB_env* environment) const { mdb_env_close(environment); }
};
struct TransactionCloser {
  void operator()(MDB_txn* transaction) const { mdb_txn_abort(transaction); }
};
struct CursorCloser {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};

std::string_view text_of(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

/// The whole text as a number ≥ 0, or −1.
int64_t number_of(std::string_view text) {
  int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0 ? number : -1;
}

class LmdbArchive : public ImageArchive {
 public:
  LmdbArchive(const fs::path& path, int preferred_size) : ImageArchive(path) {
    open();
    read_length();
    choose_size(preferred_size);
  }

  std::string kind() const override { return "lmdb"; }
  int64_t size() const override { return length_; }
  std::string name(int64_t index) const override { return fmt::format("{}-{:05d}", size_, index); }

  Bytes bytes(int64_t index) const override {
    const std::string key = name(index);
    const std::lock_guard lock(mutex_);  // a transaction belongs to one thread at a time; only a copy is made here
    MDB_val value{};
    require(find(key, value), "{}: the key {} is missing (\"length\" says {})", path_.string(), key, length_);
    require(value.mv_size <= kMaxEncodedBytes, "{}: {}: {} bytes are too many for an image", path_.string(), key,
            value.mv_size);
    const auto* begin = static_cast<const std::byte*>(value.mv_data);
    return Bytes(begin, begin + value.mv_size);
  }

 private:
  void check(int code) const {
    require(code == MDB_SUCCESS, "{}: cannot read the lmdb: {}", path_.string(), mdb_strerror(code));
  }

  void open() {
    MDB_env* environment = nullptr;
    check(mdb_env_create(&environment));
    environment_.reset(environment);
    const bool folder = fs::is_directory(path_);
    const unsigned int flags = MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS | (folder ? 0 : MDB_NOSUBDIR);
    check(mdb_env_open(environment, path_.c_str(), flags, 0644));
    check_file_size(folder ? path_ / "data.mdb" : path_);
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(environment, nullptr, MDB_RDONLY, &transaction));
    transaction_.reset(transaction);
    check(mdb_dbi_open(transaction, nullptr, 0, &database_));
  }

  /// LMDB maps the file and trusts it: beyond a truncated end there is only a bus error.
  void check_file_size(const fs::path& file) const {
    MDB_envinfo info{};
    MDB_stat stat{};
    check(mdb_env_info(environment_.get(), &info));
    check(mdb_env_stat(environment_.get(), &stat));
    const uint64_t pages = static_cast<uint64_t>(info.me_last_pgno) + 1;
    require(fs::file_size(file) / stat.ms_psize >= pages, "{}: the lmdb is truncated: {} bytes, expected {}",
            path_.string(), fs::file_size(file), pages * stat.ms_psize);
  }

  bool find(std::string_view key, MDB_val& value) const {
    MDB_val wanted{key.size(), const_cast<char*>(key.data())};
    const int code = mdb_get(transaction_.get(), database_, &wanted, &value);
    if (code != MDB_NOTFOUND) check(code);
    return code == MDB_SUCCESS;
  }

  void read_length() {
    MDB_val value{};
    require(find("length", value),
            "{}: the lmdb has no key \"length\", expected the layout of rosinality's prepare_data.py", path_.string());
    length_ = number_of(text_of(value));
    MDB_stat stat{};
    check(mdb_stat(transaction_.get(), database_, &stat));
    const auto most =
        static_cast<int64_t>(stat.ms_entries) * 10 + 1000;  // a wrong length shall not mean a million missing keys
    require(length_ >= 0 && length_ <= most, "{}: the key \"length\" says \"{}\", but the lmdb has {} entries",
            path_.string(), std::string(text_of(value).substr(0, 32)), stat.ms_entries);
  }

  /// The sizes that keys start with, found by jumping from one prefix to behind the next.
  std::set<int64_t> sizes() const {
    MDB_cursor* raw = nullptr;
    check(mdb_cursor_open(transaction_.get(), database_, &raw));
    const std::unique_ptr<MDB_cursor, CursorCloser> cursor(raw);
    std::set<int64_t> result;
    MDB_val key{}, value{};
    std::string from;
    int code = mdb_cursor_get(raw, &key, &value, MDB_FIRST);
    while (code == MDB_SUCCESS) {
      const std::string_view name = text_of(key);
      const int64_t size = number_of(name.substr(0, name.find('-')));
      if (size > 0 && name.find('-') != std::string_view::npos) {
        result.insert(size);
        from = fmt::format("{}.", size);  // '.' follows '-'
      } else {
        from = std::string(name) + '\0';
      }
      key = {from.size(), from.data()};
      code = mdb_cursor_get(raw, &key, &value, MDB_SET_RANGE);
    }
    return result;
  }

  void choose_size(int preferred) {
    const auto found = sizes();
    require(!found.empty(), "{}: the lmdb has no keys of the form \"256-00000\"", path_.string());
    const auto next = preferred > 0 ? found.lower_bound(preferred) : found.end();
    size_ = next == found.end() ? *found.rbegin() : *next;
  }

  std::unique_ptr<MDB_env, EnvironmentCloser> environment_;
  std::unique_ptr<MDB_txn, TransactionCloser> transaction_;
  MDB_dbi database_ = 0;
  int64_t length_ = 0, size_ = 0;
  mutable std::mutex mutex_;
};

}  // namespace

std::shared_ptr<const ImageArchive> open_lmdb(const fs::path& path, int preferred_size) {
  return std::make_shared<LmdbArchive>(path, preferred_size);
}

}  // namespace lifted::formats::detail
