// What the landmark network is trained on: known landmarks, and crops around the faces that have them.
#pragma once

#include <ATen/core/Generator.h>

#include <filesystem>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/formats/image_archive.h"

namespace lifted::photo {

/// What is true of the images of a set: N×68×2 in pixels (centres at .5), who is in each.
struct LandmarkLabels {
  torch::Tensor points;
  std::vector<int64_t> identity;
};

/// Reads the JSON lines of `heads labels --landmarks` or `heads render --ground-truth` for the images of an archive of
/// that side. Error naming file and line, or the image that it says nothing about.
LandmarkLabels read_landmark_labels(const std::filesystem::path& file, const formats::ImageArchive& archive, int side);

/// Crops of images around faces, and where the landmarks are in them.
struct FaceCrops {
  torch::Tensor images;  // B×3×side×side
  torch::Tensor points;  // B×68×2, the crop's edges at ±1
};

/// How far crops may miss the face.
struct CropSpread {
  double turn = 0;                       // largest angle in degrees
  double nearest = 1.45, widest = 1.45;  // side of the crop in extents of the landmarks
  double shift = 0;                      // of the middle, in sides of the crop
};

/// images: B×3×S×S on the CPU; points: B×68×2 in pixels. Beyond an image's edge lies a random background.
FaceCrops face_crops(const torch::Tensor& images, const torch::Tensor& points, int64_t side, const CropSpread& spread,
                     at::Generator& random);

}  // namespace lifted::photo
