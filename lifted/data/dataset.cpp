#include "lifted/data/dataset.h"

#include <optional>

#include "lifted/base/error.h"
#include "lifted/base/log.h"

namespace lifted::data {

Dataset::Dataset(const std::filesystem::path& path, int size) : Dataset(formats::open_image_archive(path, size), size) {
  if (const std::string ignored = archive_->ignored_text(); !ignored.empty())
    log_warning("{}: {}", path.string(), ignored);
  check_headers();
}

Dataset::Dataset(std::shared_ptr<const formats::ImageArchive> archive, int size) : archive_(std::move(archive)) {
  const formats::Image first = archive_->image(0);
  width_ = first.width;
  height_ = first.height;
  require(size <= 0 || (width_ == size && height_ == size),
          "{}: the images have {}x{} pixels, expected {}x{} (`dataset make --size {}` converts them)",
          archive_->path().string(), width_, height_, size, size, size);
}

formats::Image Dataset::image(int64_t index) const {
  formats::Image image = archive_->image(index);
  check_size(index, image.width, image.height);
  return image;
}

void Dataset::check_headers() const {
  constexpr int64_t noticeable = 100'000;  // some 400,000 a second from a zip
  std::optional<Progress> progress;
  if (size() >= noticeable) progress.emplace("checking", size(), "images");
  for (int64_t i = 0; i < size(); ++i) {
    const formats::ImageHeader header = archive_->header(i);
    check_size(i, header.width, header.height);
    if (progress) progress->advance();
  }
}

void Dataset::check_size(int64_t index, int width, int height) const {
  require(width == width_ && height == height_,
          "{}: has {}x{} pixels, the first image has {}x{} (`dataset make` brings all to one size)",
          archive_->full_name(index), width, height, width_, height_);
}

std::string Dataset::fingerprint() const {
  std::string text = fmt::format("{} {}x{}\n", size(), width_, height_);
  for (int64_t i = 0; i < size(); ++i) text += archive_->name(i) + "\n";
  return sha256_of(text.data(), text.size());
}

}  // namespace lifted::data
