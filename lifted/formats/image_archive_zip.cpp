#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/formats/image_archive_kinds.h"
#include "lifted/formats/zip_archive.h"

namespace lifted::formats::detail {
namespace {

class ZippedImages : public ImageArchive {
 public:
  explicit ZippedImages(const std::filesystem::path& path)
      : ImageArchive(path), zip_(std::make_shared<RandomAccessFile>(path)) {
    std::vector<Description> descriptions;
    for (const auto& [name, entry] : zip_.entries()) list(name, entry, descriptions);
    std::ranges::sort(images_, {}, &Listed::name);
    std::ranges::sort(ignored_);
    set_labels(descriptions);
  }

  std::string kind() const override { return "zip"; }
  int64_t size() const override { return static_cast<int64_t>(images_.size()); }
  std::string name(int64_t index) const override { return images_.at(static_cast<size_t>(index)).name; }
  Bytes bytes(int64_t index) const override { return zip_.read_bytes(entry_name(index), kMaxEncodedBytes); }
  Start start(int64_t index, uint64_t count) const override {
    const std::string& name = entry_name(index);
    return {zip_.read_start(name, count), zip_.entries().find(name)->second.size};
  }

 private:
  /// An image by its name with slashes, and by its entry's.
  struct Listed {
    std::string name, entry;
  };

  const std::string& entry_name(int64_t index) const { return images_.at(static_cast<size_t>(index)).entry; }

  void list(const std::string& entry_name, const ZipArchive::Entry& entry, std::vector<Description>& descriptions) {
    const std::string name = tidy_name(entry_name);
    if (name.empty() || name.ends_with('/')) return;  // a folder
    const FileRole role = role_of(name);
    if (role == FileRole::other) ignored_.push_back(name);
    if (role != FileRole::image && role != FileRole::description) return;
    require(!entry.is_encrypted(), "{}: '{}' is encrypted, expected a zip without a password", path_.string(),
            entry_name);
    if (role == FileRole::image) {
      images_.push_back({name, entry_name});
    } else {
      descriptions.push_back({folder_of(name), zip_.read_bytes(entry_name, kMaxDescriptionBytes)});
    }
  }

  ZipArchive zip_;
  std::vector<Listed> images_;
};

}  // namespace

std::shared_ptr<const ImageArchive> open_zip(const std::filesystem::path& path) {
  return std::make_shared<ZippedImages>(path);
}

}  // namespace lifted::formats::detail
