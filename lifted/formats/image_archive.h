// Where training images lie: a folder, a StyleGAN2-ADA zip or a rosinality lmdb, behind one interface.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lifted/base/file.h"
#include "lifted/formats/image.h"

namespace lifted::formats {

/// A fixed, ordered list of encoded images. All methods may be called from several threads at once.
class ImageArchive {
 public:
  virtual ~ImageArchive() = default;

  /// "image folder", "zip" or "lmdb".
  virtual std::string kind() const = 0;
  virtual int64_t size() const = 0;
  /// The image's name inside the archive ("00000/img00000000.png", "256-00012"); 0 ≤ index < size().
  virtual std::string name(int64_t index) const = 0;
  /// The encoded image. Error naming archive and image if it is missing, damaged or its sizes are not what the archive
  /// declares.
  virtual Bytes bytes(int64_t index) const = 0;

  /// Decodes an image, as read_image().
  Image image(int64_t index) const;
  /// "archive.zip: 00000/img00000000.png", for messages.
  std::string full_name(int64_t index) const;

  /// The label that dataset.json gives the image (a number or a list of numbers), or null.
  nlohmann::json label(int64_t index) const;
  bool has_labels() const { return !labels_.empty(); }
  /// Files that are not images by their name and were left out (without dataset.json).
  const std::vector<std::string>& ignored() const { return ignored_; }
  const std::filesystem::path& path() const { return path_; }

 protected:
  explicit ImageArchive(std::filesystem::path path) : path_(std::move(path)) {}
  /// Takes the text of a dataset.json: {"labels": [[name, label], …]} or null labels.
  void set_labels(const Bytes& dataset_json);

  std::filesystem::path path_;
  std::vector<std::string> ignored_;

 private:
  std::map<std::string, nlohmann::json> labels_;
};

/// Opens what lies at `path`, recognized by content:
///  - a folder: all PNG, JPEG and WebP files below it by extension, sorted by relative path; hidden files are left out;
///  - a zip: its image entries, sorted by name;
///  - an lmdb (its folder or its file): keys "{size}-{index:05d}" and "length"; where it holds several sizes, the one
///  equal to
///    `preferred_size`, else the next larger one, else the largest. 0 prefers the largest.
/// Error if there is nothing of the kind or no image in it.
std::shared_ptr<const ImageArchive> open_image_archive(const std::filesystem::path& path, int preferred_size = 0);

}  // namespace lifted::formats
