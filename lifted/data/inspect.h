// What a set of images consists of.
#pragma once

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lifted/data/convert.h"
#include "lifted/formats/image_archive.h"

namespace lifted::data {

struct Inspection {
  std::string path, kind;
  int64_t count = 0, readable = 0;
  /// How many images have which width and height.
  std::map<std::pair<int, int>, int64_t> sizes;
  /// Per channel over all pixels, in 8-bit units; every image weighs by its pixels.
  std::array<double, 3> mean{}, deviation{};
  uint64_t encoded_bytes = 0;
  bool has_labels = false;
  /// Groups of two or more images with the same pixels, by name.
  std::vector<std::vector<std::string>> duplicates;
  std::vector<BrokenImage> broken;
  /// Files that are not images by name, and links left out.
  std::vector<std::string> ignored;

  int64_t duplicate_count() const;
  nlohmann::ordered_json to_json() const;
};

/// Decodes every image on `workers` threads; the result does not depend on their number. Images of more pixels than
/// `max_pixels` count as broken; all work in flight takes no more memory than reading one of so many.
Inspection inspect_dataset(const formats::ImageArchive& archive, int workers = default_workers(),
                           int64_t max_pixels = formats::kMaxReadPixels);

/// A contact sheet of up to `count` readable images, evenly spaced over the set, shrunk to at most 128 pixels.
formats::Image dataset_sheet(const formats::ImageArchive& archive, const Inspection& inspection, int count = 60,
                             int64_t max_pixels = formats::kMaxReadPixels);

}  // namespace lifted::data
