// Training images of one size, by index.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "lifted/formats/image_archive.h"

namespace lifted::data {

/// Safe to use from several threads.
class Dataset {
 public:
  /// The first image fixes the size; `size` > 0 demands a side (and chooses among an lmdb's sizes). Reads the header of
  /// every image (a second for 70,000): Error naming the first that has another size or is none. Warns of files left
  /// out.
  explicit Dataset(const std::filesystem::path& path, int size = 0);
  /// Of an archive whose images are known to have one size; looks at the first only.
  explicit Dataset(std::shared_ptr<const formats::ImageArchive> archive, int size = 0);

  int64_t size() const { return archive_->size(); }
  int width() const { return width_; }
  int height() const { return height_; }
  /// An RGB image. Error naming it if it cannot be read or has another size than the first.
  formats::Image image(int64_t index) const;
  const formats::ImageArchive& archive() const { return *archive_; }
  /// SHA-256 over count, size and names: whether a saved position belongs to this data.
  std::string fingerprint() const;

 private:
  void check_headers() const;
  void check_size(int64_t index, int width, int height) const;

  std::shared_ptr<const formats::ImageArchive> archive_;
  int width_ = 0, height_ = 0;
};

}  // namespace lifted::data
