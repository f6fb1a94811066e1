#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/formats/image_archive_kinds.h"

namespace lifted::formats::detail {
namespace {

namespace fs = std::filesystem;

class FolderArchive : public ImageArchive {
 public:
  explicit FolderArchive(const fs::path& path) : ImageArchive(path) {
    std::error_code status;
    fs::recursive_directory_iterator files(path, status);
    for (; !status && files != fs::recursive_directory_iterator(); files.increment(status)) visit(files);
    require(!status, "{}: cannot list the folder: {}", path.string(), status.message());
    std::sort(names_.begin(), names_.end());
    std::sort(ignored_.begin(), ignored_.end());
    if (fs::exists(path / "dataset.json")) set_labels(read_file(path / "dataset.json"));
  }

  std::string kind() const override { return "image folder"; }
  int64_t size() const override { return static_cast<int64_t>(names_.size()); }
  std::string name(int64_t index) const override { return names_.at(static_cast<size_t>(index)); }
  Bytes bytes(int64_t index) const override { return read_file(path_ / name(index), kMaxEncodedBytes); }

 private:
  void visit(fs::recursive_directory_iterator& file) {
    const bool hidden = file->path().filename().string().starts_with(".");
    if (file->is_directory()) {
      if (hidden) file.disable_recursion_pending();
      return;
    }
    const std::string name = file->path().lexically_relative(path_).generic_string();
    if (name == "dataset.json") return;
    const bool wanted = !hidden && has_image_name(name) && !is_pipe_or_device(*file);
    (wanted ? names_ : ignored_).push_back(name);
  }

  static bool is_pipe_or_device(const fs::directory_entry& file) {
    std::error_code ignored;  // a dangling link stays in the list: reading it says what is wrong
    return file.is_fifo(ignored) || file.is_socket(ignored) || file.is_character_file(ignored) ||
           file.is_block_file(ignored);
  }

  std::vector<std::string> names_;
};

}  // namespace

std::shared_ptr<const ImageArchive> open_folder(const fs::path& path) {
  return std::make_shared<FolderArchive>(path);
}

}  // namespace lifted::formats::detail
