#include "lifted/data/dataset.h"

#include <cstring>

#include "lifted/base/error.h"
#include "lifted/data/parallel.h"

namespace lifted::data {

Dataset::Dataset(const std::filesystem::path& path, int size)
    : Dataset(formats::open_image_archive(path, size), size) {}

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
  require(image.width == width_ && image.height == height_,
          "{}: has {}x{} pixels, the first image has {}x{} (`dataset make` brings all to one size)",
          archive_->full_name(index), image.width, image.height, width_, height_);
  return image;
}

void Dataset::check_sizes() const {
  ordered_parallel<bool>(
      size(), default_workers(),
      [&](int64_t index) {
        const Bytes bytes = archive_->bytes(index);
        const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
        const auto at = [&](size_t i) { return data[i] << 24 | data[i + 1] << 16 | data[i + 2] << 8 | data[i + 3]; };
        // A PNG's signature and its first chunk; others, and what differs, are decoded.
        const bool is_png = bytes.size() > 24 && std::memcmp(data, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) == 0;
        if (!is_png || at(16) != width_ || at(20) != height_) image(index);
        return true;
      },
      [](int64_t, bool) {});
}

std::string Dataset::fingerprint() const {
  std::string text = fmt::format("{} {}x{}\n", size(), width_, height_);
  for (int64_t i = 0; i < size(); ++i) text += archive_->name(i) + "\n";
  return sha256_of(text.data(), text.size());
}

}  // namespace lifted::data
