// Writes StyleGAN2-ADA data set zips image by image.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "lifted/base/file.h"

namespace lifted::formats {

/// A stored (uncompressed) zip with fixed timestamps: the same images give the same bytes. Entries go to the disk at
/// once, so memory does not grow with the images. The file appears when finish() succeeds and not before.
class ZipWriter {
 public:
  explicit ZipWriter(const std::filesystem::path& path);
  ~ZipWriter();
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  void add(const std::string& name, const void* data, size_t size);
  void add(const std::string& name, std::string_view text) { add(name, text.data(), text.size()); }
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The same with StyleGAN's names: 00000/img00000000.png, …, 00001/img00001000.png, and dataset.json at the end.
class DatasetZipWriter {
 public:
  explicit DatasetZipWriter(const std::filesystem::path& path) : zip_(path) {}

  /// `label` is a number, a list of numbers, or null. Returns the entry's name.
  std::string add(const Bytes& png, const nlohmann::json& label = nullptr);
  /// A further file (ground truth, say) beside the images.
  void add_file(const std::string& name, const void* data, size_t size) { zip_.add(name, data, size); }
  /// Writes dataset.json; labels are null unless an image had one. Error if some had one and some had none, or no image
  /// was added.
  void finish();
  int64_t size() const { return count_; }

 private:
  ZipWriter zip_;
  int64_t count_ = 0;
  nlohmann::json labels_ = nlohmann::json::array();
};

}  // namespace lifted::formats
