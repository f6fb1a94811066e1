// True viewpoint and light of images, as `heads` writes them, in LiftedGAN's raw units.
#pragma once

#include <filesystem>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/formats/image_archive.h"

namespace lifted::data {

struct ViewLightLabels {
  /// N×7 per image of the archive: pitch, yaw, roll (in 60°), then the raw light (ambient·2 − 1, diffuse·2 − 1,
  /// tangents x and y of its direction).
  torch::Tensor values;
  std::vector<int64_t> identity;  ///< who is in the image; every image its own person where the file does not say
};

/// Reads JSON lines (`heads labels`, or the ground_truth.jsonl of `heads render --ground-truth`): "file" names the
/// image, "raw_view" begins with the three rotations, "raw_light" holds four numbers, "identity" may be there. Lines
/// about other images are passed over. Error naming file and line, or the image that has none.
ViewLightLabels read_view_light_labels(const std::filesystem::path& path, const formats::ImageArchive& archive);

}  // namespace lifted::data
