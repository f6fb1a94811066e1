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
  /// The first image fixes the size; `size` > 0 demands a side (and chooses among an lmdb's sizes).
  explicit Dataset(const std::filesystem::path& path, int size = 0);
  explicit Dataset(std::shared_ptr<const formats::ImageArchive> archive, int size = 0);

  int64_t size() const { return archive_->size(); }
  int width() const { return width_; }
  int height() const { return height_; }
  /// An RGB image. Error naming it if it cannot be read or has another size than the first.
  formats::Image image(int64_t index) const;
  const formats::ImageArchive& archive() const { return *archive_; }
  /// Error naming the first image that has another size than the first of all. Reads headers where it can.
  void check_sizes() const;
  /// SHA-256 over count, size and names: whether a saved position belongs to this data.
  std::string fingerprint() const;

 private:
  std::shared_ptr<const formats::ImageArchive> archive_;
  int width_ = 0, height_ = 0;
};

}  // namespace lifted::data
