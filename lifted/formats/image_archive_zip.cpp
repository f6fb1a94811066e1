#include <zip.h>

#include <algorithm>
#include <mutex>

#include "lifted/base/error.h"
#include "lifted/formats/image_archive_kinds.h"

namespace lifted::formats::detail {
namespace {

struct ZipCloser {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct EntryCloser {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};

class ZipArchive : public ImageArchive {
 public:
  explicit ZipArchive(const std::filesystem::path& path)
      : ImageArchive(path), file_size_(std::filesystem::file_size(path)) {
    int code = 0;
    zip_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (!zip_) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      fail("{}: cannot open the zip: {}", path.string(), reason);
    }
    list();
  }

  std::string kind() const override { return "zip"; }
  int64_t size() const override { return static_cast<int64_t>(entries_.size()); }
  std::string name(int64_t index) const override { return entries_.at(static_cast<size_t>(index)).name; }
  Bytes bytes(int64_t index) const override { return read(entries_.at(static_cast<size_t>(index))); }

 private:
  struct Entry {
    std::string name;
    zip_uint64_t index;
  };

  void list() {
    const auto count = static_cast<zip_uint64_t>(std::max<zip_int64_t>(0, zip_get_num_entries(zip_.get(), 0)));
    for (zip_uint64_t i = 0; i < count; ++i) {
      const char* raw = zip_get_name(zip_.get(), i, ZIP_FL_ENC_GUESS);
      const std::string name = raw ? raw : "";
      if (name.ends_with('/')) continue;
      if (name == "dataset.json") {
        set_labels(read({name, i}));
      } else if (has_image_name(name)) {
        entries_.push_back({name, i});
      } else {
        ignored_.push_back(name);
      }
    }
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  }

  [[noreturn]] void bad(const Entry& entry, const std::string& reason) const {
    fail("{}: {}: {}", path_.string(), entry.name, reason);
  }

  /// The declared size, once it is one that the compressed data could have.
  size_t checked_size(const Entry& entry) const {
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat_index(zip_.get(), entry.index, 0, &stat) != 0) bad(entry, zip_strerror(zip_.get()));
    if (!(stat.valid & ZIP_STAT_SIZE) || !(stat.valid & ZIP_STAT_COMP_SIZE))
      bad(entry, "the zip does not say its size");
    if (stat.comp_size > file_size_)
      bad(entry, fmt::format("declares {} bytes, more than the zip has", stat.comp_size));
    const bool stored = stat.comp_method == ZIP_CM_STORE;
    const bool possible = stored ? stat.size == stat.comp_size : stat.size / 1100 <= stat.comp_size;
    if (!possible || stat.size > kMaxEncodedBytes) {
      bad(entry, fmt::format("declares {} bytes from {} compressed ones, which cannot be", stat.size, stat.comp_size));
    }
    return static_cast<size_t>(stat.size);
  }

  Bytes read(const Entry& entry) const {
    const std::lock_guard lock(mutex_);  // libzip's handle belongs to one thread at a time; decoding is what takes long
    Bytes bytes(checked_size(entry) + 1);
    const std::unique_ptr<zip_file_t, EntryCloser> file(zip_fopen_index(zip_.get(), entry.index, 0));
    if (!file) bad(entry, zip_strerror(zip_.get()));
    size_t got = 0;
    while (got < bytes.size()) {  // one byte more than declared, so that the end is reached and the checksum compared
      const zip_int64_t count = zip_fread(file.get(), bytes.data() + got, bytes.size() - got);
      if (count < 0) bad(entry, fmt::format("damaged: {}", zip_file_strerror(file.get())));
      if (count == 0) break;
      got += static_cast<size_t>(count);
    }
    if (got != bytes.size() - 1) bad(entry, fmt::format("declares {} bytes but holds {}", bytes.size() - 1, got));
    bytes.pop_back();
    return bytes;
  }

  uint64_t file_size_;
  std::unique_ptr<zip_t, ZipCloser> zip_;
  std::vector<Entry> entries_;
  mutable std::mutex mutex_;
};

}  // namespace

std::shared_ptr<const ImageArchive> open_zip(const std::filesystem::path& path) {
  return std::make_shared<ZipArchive>(path);
}

}  // namespace lifted::formats::detail
