#include "lifted/formats/image_archive.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>

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

constexpr uint64_t kHeaderBytes = 4096;  // of an image: enough unless metadata come first

}  // namespace

Image ImageArchive::image(int64_t index, int64_t max_pixels) const {
  const Bytes encoded = bytes(index);
  return read_image(encoded.data(), encoded.size(), full_name(index), max_pixels);
}

ImageHeader ImageArchive::header(int64_t index, int64_t max_pixels) const {
  const Start first = start(index, kHeaderBytes);
  if (const auto header =
          read_image_header(first.bytes.data(), first.bytes.size(), first.encoded_size, full_name(index), max_pixels))
    return *header;
  const Bytes all = bytes(index);
  return *read_image_header(all.data(), all.size(), all.size(), full_name(index), max_pixels);
}

std::string ImageArchive::full_name(int64_t index) const {
  return fmt::format("{}: {}", path_.string(), name(index));
}

nlohmann::json ImageArchive::label(int64_t index) const {
  return labels_.empty() ? nlohmann::json() : labels_.at(static_cast<size_t>(index));
}

void ImageArchive::require_labels_for_all(int64_t count) const {
  const auto first = std::ranges::find_if(labels_, [](const auto& label) { return label.is_null(); });
  const int64_t index = first - labels_.begin();
  if (index >= std::min(count, static_cast<int64_t>(labels_.size()))) return;
  fail("{}: has no label, but dataset.json labels others; expected labels for all images or none", full_name(index));
}

std::string ImageArchive::ignored_text() const {
  // Our own ground truth lies beside the images it belongs to.
  const std::set<std::string> companions{".safetensors", ".jsonl"};
  std::set<std::string> kinds;
  size_t count = 0;
  for (const std::string& name : ignored_) {
    const std::string extension = fs::path(name).extension().string();
    if (companions.contains(extension)) continue;
    ++count;
    kinds.insert(name.ends_with('/') ? "links to folders read already"
                 : extension.empty() ? "no extension"
                                     : extension);
  }
  if (count == 0) return {};
  const size_t shown = std::min<size_t>(kinds.size(), 10);
  const std::vector<std::string> names(kinds.begin(), std::next(kinds.begin(), static_cast<std::ptrdiff_t>(shown)));
  return fmt::format("{} by name and left out: {}{}",
                     count == 1 ? "1 file is no image" : fmt::format("{} files are no images", count),
                     fmt::join(names, ", "), kinds.size() > shown ? ", …" : "");
}

void ImageArchive::set_labels(const std::vector<Description>& descriptions) {
  if (descriptions.empty()) return;
  std::map<std::string, int64_t> images;
  for (int64_t i = 0; i < size(); ++i) images.emplace(detail::tidy_name(name(i)), i);
  for (const Description& description : descriptions) set_labels(description, images);
}

void ImageArchive::set_labels(const Description& description, const std::map<std::string, int64_t>& images) {
  const std::string source = fmt::format("{}: {}dataset.json", path_.string(), description.folder);
  const std::string_view text(reinterpret_cast<const char*>(description.json.data()), description.json.size());
  const auto parsed = parse_json(text, source, {.text_bytes = 128 << 20});
  require(parsed.is_object(), "{}: is not a JSON object", source);
  const auto labels = parsed.find("labels");
  if (labels == parsed.end() || labels->is_null()) return;
  require(labels->is_array(), "{}: \"labels\" is neither null nor a list", source);
  if (labels->empty()) return;
  labels_.resize(static_cast<size_t>(size()));
  std::string stray;
  int64_t strays = 0;
  for (size_t i = 0; i < labels->size(); ++i) {
    const auto& entry = (*labels)[i];
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !is_label(entry[1]))
      fail("{}: label {} is not a pair [name, number or list of numbers]", source, i);
    const std::string name = detail::tidy_name(entry[0].get_ref<const std::string&>());
    auto image = images.find(description.folder + name);
    if (image == images.end()) image = images.find(name);
    if (image == images.end()) {
      if (strays++ == 0) stray = entry[0].get<std::string>();
      continue;
    }
    auto& label = labels_[static_cast<size_t>(image->second)];
    require(label.is_null() || label == entry[1], "{}: gives '{}' a second, different label", source, image->first);
    label = entry[1];
  }
  require(strays == 0, "{}: labels '{}', which is no image here ({} of its {} names are none)", source, stray, strays,
          labels->size());
}

detail::FileRole detail::role_of(std::string_view name) {
  const std::string tidy = tidy_name(name);
  for (const fs::path& part : fs::path(tidy)) {
    if (part.string().starts_with('.') || part == "__MACOSX") return FileRole::hidden;
  }
  const fs::path file = fs::path(tidy).filename();
  if (file == "dataset.json") return FileRole::description;
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* known : {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp"})
    if (extension == known) return FileRole::image;
  return FileRole::other;
}

std::string detail::tidy_name(std::string_view name) {
  std::string tidy(name);
  std::ranges::replace(tidy, '\\', '/');
  size_t from = 0;
  while (tidy.compare(from, 2, "./") == 0) from = std::min(tidy.find_first_not_of('/', from + 1), tidy.size());
  return tidy.substr(from);
}

std::string detail::folder_of(std::string_view name) {
  return std::string(name.substr(0, name.find_last_of('/') + 1));  // npos + 1 is 0
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
