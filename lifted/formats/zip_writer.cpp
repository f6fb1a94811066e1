#include "lifted/formats/zip_writer.h"

#include <minizip/zip.h>

#include <cerrno>
#include <cstring>

#include "lifted/base/error.h"

namespace lifted::formats {

struct ZipWriter::State {
  std::filesystem::path path;
  AtomicFile file;
  zipFile zip = nullptr;

  explicit State(const std::filesystem::path& to) : path(to), file(to) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (zip) zipClose(zip, nullptr);
  }
  void check(int code) const {
    require(code == ZIP_OK, "{}: cannot write the zip: {}", path.string(), std::strerror(errno));
  }
};

ZipWriter::ZipWriter(const std::filesystem::path& path) : state_(std::make_unique<State>(path)) {
  state_->zip = zipOpen64(state_->file.temporary().c_str(), APPEND_STATUS_CREATE);
  require(state_->zip != nullptr, "{}: cannot create the zip: {}", path.string(), std::strerror(errno));
}

ZipWriter::~ZipWriter() = default;

void ZipWriter::add(const std::string& name, const void* data, size_t size) {
  zip_fileinfo info{};
  info.dosDate = 0x21 << 16;  // 1 January 1980, the earliest that a zip can say
  const int zip64 = size >= 0xFFFFFFFFu ? 1 : 0;
  state_->check(zipOpenNewFileInZip64(state_->zip, name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr, 0, 0, zip64));
  const auto* bytes = static_cast<const std::byte*>(data);
  for (size_t done = 0; done < size;) {
    const auto part = static_cast<unsigned int>(std::min<size_t>(size - done, 1u << 30));
    state_->check(zipWriteInFileInZip(state_->zip, bytes + done, part));
    done += part;
  }
  state_->check(zipCloseFileInZip(state_->zip));
}

void ZipWriter::finish() {
  const zipFile zip = std::exchange(state_->zip, nullptr);
  require(zip != nullptr, "{}: the zip is finished already", state_->path.string());
  state_->check(zipClose(zip, nullptr));
  state_->file.commit();
}

std::string DatasetZipWriter::add(const Bytes& png, const nlohmann::json& label) {
  std::string name = fmt::format("{:05d}/img{:08d}.png", count_ / 1000, count_);
  zip_.add(name, png.data(), png.size());
  ++count_;
  if (!label.is_null()) labels_.push_back({name, label});
  return name;
}

void DatasetZipWriter::finish() {
  require(count_ > 0, "a data set needs at least one image");
  require(labels_.empty() || static_cast<int64_t>(labels_.size()) == count_,
          "{} of {} images have a label, expected all or none", labels_.size(), count_);
  const nlohmann::json description{{"labels", labels_.empty() ? nlohmann::json() : labels_}};
  zip_.add("dataset.json", description.dump());
  zip_.finish();
}

}  // namespace lifted::formats
