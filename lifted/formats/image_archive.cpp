#include "lifted/formats/image_archive.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "lifted/base/json.h"
#include "lifted/formats/image_archive_kinds.h"

namespace lifted::formats {
namespace {

namespace fs = std::filesystem;

/// A file of this one, by its first bytes: a zip starts with "PK", an lmdb has its magic number in the first page's
/// header.
bool file_has(const fs::path& path, size_t offset, std::string_view magic) {
  std::ifstream file(path, std::ios::binary);
  std::string read(magic.size(), 0);
  file.seekg(static_cast<std::streamoff>(offset));
  return file.read(read.data(), static_cast<std::streamsize>(read.size())) && read == magic;
}

bool is_label(const nlohmann::json& label) {
  if (label.is_number()) return true;
  return label.is_array() &&
         std::all_of(label.begin(), label.end(), [](const auto& value) { return value.is_number(); });
}

}  // namespace

Image ImageArchive::image(int64_t index) const {
  const Bytes encoded = bytes(index);
  return read_image(encoded.data(), encoded.size(), full_name(index));
}

std::string ImageArchive::full_name(int64_t index) const {
  return fmt::format("{}: {}", path_.string(), name(index));
}

nlohmann::json ImageArchive::label(int64_t index) const {
  const auto found = labels_.find(name(index));
  return found == labels_.end() ? nlohmann::json() : found->second;
}

void ImageArchive::set_labels(const Bytes& dataset_json) {
  const std::string_view text(reinterpret_cast<const char*>(dataset_json.data()), dataset_json.size());
  const auto parsed = parse_json(text, path_.string() + ": dataset.json");
  require(parsed.is_object(), "{}: dataset.json is not a JSON object", path_.string());
  const auto labels = parsed.find("labels");
  if (labels == parsed.end() || labels->is_null()) return;
  require(labels->is_array(), "{}: dataset.json: \"labels\" is neither null nor a list", path_.string());
  for (const auto& entry : *labels) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !is_label(entry[1]))
      fail("{}: dataset.json: a label is not a pair [name, number or list of numbers]: {}", path_.string(),
           shown(entry));
    labels_[entry[0].get<std::string>()] = entry[1];
  }
}

bool detail::has_image_name(const std::string& name) {
  std::string extension = fs::path(name).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg" || extension == ".webp";
}

std::shared_ptr<const ImageArchive> open_image_archive(const fs::path& path, int preferred_size) {
  std::error_code status;
  require(fs::exists(path, status), "{}: does not exist, expected an image folder, a zip or an lmdb", path.string());
  const auto open = [&]() -> std::shared_ptr<const ImageArchive> {
    if (fs::is_directory(path)) {
      return fs::exists(path / "data.mdb") ? detail::open_lmdb(path, preferred_size) : detail::open_folder(path);
    }
    if (file_has(path, 0, "PK")) return detail::open_zip(path);
    if (file_has(path, 16, "\xDE\xC0\xEF\xBE")) return detail::open_lmdb(path, preferred_size);
    fail("{}: is neither a folder nor a zip nor an lmdb", path.string());
  };
  auto archive = open();
  require(archive->size() > 0, "{}: the {} holds no images (PNG, JPEG or WebP)", path.string(), archive->kind());
  return archive;
}

}  // namespace lifted::formats
