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
  /// Its first `count` bytes, or all if it has fewer, and how many it has; quick, and not checked as bytes() are.
  struct Start {
    Bytes bytes;
    uint64_t encoded_size = 0;
  };
  virtual Start start(int64_t index, uint64_t count) const = 0;

  /// Decodes an image, as read_image().
  Image image(int64_t index, int64_t max_pixels = kMaxReadPixels) const;
  /// What the image's header says, from its first bytes. Error naming it if that is no image that image() would read.
  ImageHeader header(int64_t index, int64_t max_pixels = kMaxReadPixels) const;
  /// "archive.zip: 00000/img00000000.png", for messages.
  std::string full_name(int64_t index) const;

  /// The label that a dataset.json gives the image (a number or a list of numbers), or null.
  nlohmann::json label(int64_t index) const;
  bool has_labels() const { return !labels_.empty(); }
  /// Error naming the first of the first `count` images that has no label, if others have one.
  void require_labels_for_all(int64_t count) const;
  /// Files that are not images by their name and were left out (without dataset.json and hidden ones), and, with a
  /// slash at their end, links to folders that were read already.
  const std::vector<std::string>& ignored() const { return ignored_; }
  /// "4 files are no images by name and left out: .mp4, .txt", or empty.
  std::string ignored_text() const;
  const std::filesystem::path& path() const { return path_; }

 protected:
  explicit ImageArchive(std::filesystem::path path) : path_(std::move(path)) {}
  /// A dataset.json: {"labels": [[name, label], …]} or null labels; names are relative to the folder it lies in ("",
  /// "people/") or to the archive.
  struct Description {
    std::string folder;
    Bytes json;
  };
  /// Once all names are known. Error if a dataset.json is none or labels what is no image here.
  void set_labels(const std::vector<Description>& descriptions);

  std::filesystem::path path_;
  std::vector<std::string> ignored_;

 private:
  void set_labels(const Description& description, const std::map<std::string, int64_t>& images);

  std::vector<nlohmann::json> labels_;  // per image; empty if none has one
};

/// Opens what lies at `path`, recognized by content:
///  - a folder: all PNG, JPEG and WebP files below it by extension, sorted by relative path; links are followed, but no
///  folder is read twice;
///  - a zip: its image entries, sorted by name, with backslashes in names taken for slashes. Error if one is encrypted;
///  - an lmdb (its folder or its file): keys "{size}-{index:05d}" and "length"; where it holds several sizes, the one
///  equal to
///    `preferred_size`, else the next larger one, else the largest. 0 prefers the largest.
/// Hidden files and folders ("._img.png", ".git", "__MACOSX") are passed over. Every dataset.json labels the images
/// below its folder. Error if there is nothing of the kind or no image in it.
std::shared_ptr<const ImageArchive> open_image_archive(const std::filesystem::path& path, int preferred_size = 0);

}  // namespace lifted::formats
