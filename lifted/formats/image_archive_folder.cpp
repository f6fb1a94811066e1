#include <algorithm>
#include <set>

#include "lifted/base/error.h"
#include "lifted/formats/image_archive_kinds.h"
#include "lifted/formats/random_access_file.h"

namespace lifted::formats::detail {
namespace {

namespace fs = std::filesystem;

class FolderArchive : public ImageArchive {
 public:
  explicit FolderArchive(const fs::path& path) : ImageArchive(path) {
    list(path);
    // Links come last, so that a folder that is there by itself is not read by its other name; a link that leads to a
    // folder above it leads to one that was read.
    while (!links_.empty()) {
      const fs::path link = links_.extract(links_.begin()).value();
      if (!list(link)) ignored_.push_back(name_of(link) + "/");
    }
    std::ranges::sort(names_);
    std::ranges::sort(ignored_);
    std::vector<Description> descriptions;
    for (const std::string& name : descriptions_)
      descriptions.push_back({folder_of(name), read_file(path / name, kMaxDescriptionBytes)});
    set_labels(descriptions);
  }

  std::string kind() const override { return "image folder"; }
  int64_t size() const override { return static_cast<int64_t>(names_.size()); }
  std::string name(int64_t index) const override { return names_.at(static_cast<size_t>(index)); }
  Bytes bytes(int64_t index) const override { return read_file(path_ / name(index), kMaxEncodedBytes); }
  Start start(int64_t index, uint64_t count) const override {
    const RandomAccessFile file(path_ / name(index));
    return {file.read(0, std::min(count, file.size())), file.size()};
  }

 private:
  std::string name_of(const fs::path& path) const { return path.lexically_relative(path_).generic_string(); }

  /// Lists a folder and those in it, once: false if it has been.
  bool list(const fs::path& folder) {
    std::error_code status;
    if (!listed_.insert(fs::canonical(folder, status)).second) return false;
    fs::directory_iterator files(folder, status);
    for (; !status && files != fs::directory_iterator(); files.increment(status)) visit(*files);
    require(!status, "{}: cannot list the folder: {}", folder.string(), status.message());
    return true;
  }

  void visit(const fs::directory_entry& file) {
    const std::string name = name_of(file.path());
    const FileRole role = role_of(file.path().filename().string());
    std::error_code unknown;  // a dangling link stays in the list: reading it says what is wrong
    if (role == FileRole::hidden) return;
    if (file.is_directory(unknown)) {
      if (file.is_symlink(unknown)) links_.insert(file.path());
      if (!file.is_symlink(unknown)) list(file.path());
    } else if (role == FileRole::description) {
      descriptions_.push_back(name);
    } else {
      (role == FileRole::image && !is_pipe_or_device(file) ? names_ : ignored_).push_back(name);
    }
  }

  static bool is_pipe_or_device(const fs::directory_entry& file) {
    std::error_code unknown;
    return file.is_fifo(unknown) || file.is_socket(unknown) || file.is_character_file(unknown) ||
           file.is_block_file(unknown);
  }

  std::vector<std::string> names_, descriptions_;
  std::set<fs::path> links_;   // to folders, still to be read
  std::set<fs::path> listed_;  // folders, without links in their paths
};

}  // namespace

std::shared_ptr<const ImageArchive> open_folder(const fs::path& path) {
  return std::make_shared<FolderArchive>(path);
}

}  // namespace lifted::formats::detail
