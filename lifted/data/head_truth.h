// The true shape of images that `heads render --ground-truth` made.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/formats/image_archive.h"

namespace lifted::data {

/// Maps of one image, H×W.
struct HeadShape {
  torch::Tensor depth;  // f32, camera-frame z, mean over the head in a pixel; 0 where there is no head
  torch::Tensor head;   // bool: pixels that are head as a whole
  torch::Tensor face;   // bool: those of them that are face (with eyes and mouth): no hair, neck or scalp
};

/// Where the ground truth of a set lies: inside its folder, or beside its zip.
std::filesystem::path head_truth_folder(const std::filesystem::path& data);
/// Whether there is one.
bool has_head_truth(const std::filesystem::path& data);

/// Finds the maps of every image at once and reads them one by one. Safe to use from several threads.
class HeadTruth {
 public:
  /// `archive` is the opened `data`. Error naming it if there is no ground truth, or the image that it says nothing
  /// about.
  HeadTruth(const std::filesystem::path& data, const formats::ImageArchive& archive);

  /// Of image `index` of the archive. Error naming the file if it cannot be read, lacks a map, or if maps are not of
  /// one size, or depth on the head is not positive and finite.
  HeadShape shape(int64_t index) const;
  int64_t size() const { return static_cast<int64_t>(maps_.size()); }
  /// Who is in each image.
  const std::vector<int64_t>& identity() const { return identity_; }

 private:
  std::vector<std::filesystem::path> maps_;
  std::vector<int64_t> identity_;
};

}  // namespace lifted::data
