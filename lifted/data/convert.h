// Makes a StyleGAN2-ADA zip from any image archive.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lifted/data/sharing.h"
#include "lifted/formats/image_archive.h"
#include "lifted/formats/image_ops.h"

namespace lifted::data {

struct ConvertOptions {
  std::filesystem::path source, destination;
  /// Size of the results; 0 keeps the images' own, which must then agree.
  int width = 0, height = 0;
  /// Cuts the largest centred square (of the target's shape, if a size is given) first. Without it an image of another
  /// shape is an error.
  bool center_crop = false;
  formats::ResizeFilter filter = formats::ResizeFilter::lanczos;
  /// Takes only this many of the source's images; 0 takes all.
  int64_t max_images = 0;
  /// Leaves out and lists what cannot be read, does not fit, or has no label where others have one; otherwise that is
  /// an Error.
  bool skip_broken = false;
  /// Images with more pixels are not read; all work in flight takes no more memory than reading one of so many.
  int64_t max_pixels = formats::kMaxReadPixels;
  int workers = default_workers();
  Sharing sharing = {};  ///< with other processes: rank 0 writes
};

struct BrokenImage {
  std::string name, reason;
};

struct ConvertReport {
  int64_t written = 0;
  int width = 0, height = 0;
  std::vector<BrokenImage> skipped;
  std::string ignored;  ///< what was left out for its kind, as ImageArchive::ignored_text()
};

/// Writes `destination` atomically: RGB PNGs in the source's order with its labels. The bytes do not depend on
/// `workers` and processes; processes other than the one that writes report nothing. Error naming the image for the
/// first one that cannot be used (unless skipped), and if none is left.
ConvertReport convert_dataset(const ConvertOptions& options);

/// The bytes that reading an image takes; 0 if it cannot be read.
uint64_t memory_to_read(const formats::ImageArchive& archive, int64_t index, int64_t max_pixels);

/// Shows at most a hundred of them as warnings, then the count.
void warn_about(const std::vector<BrokenImage>& images, const std::string& what);

}  // namespace lifted::data
