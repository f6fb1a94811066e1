// How right a lifted model's shapes are: SIDE and MAD as Unsup3D defines them, and depth correlation.
//
// Depths are compared in the view of the image, as there: what the renderer sees of the warped depth map against the
// truth at the same pixels, where both masks, eroded by a pixel, overlap. Normals of both come from depth, by the same
// operator at pixel centres.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lifted/data/dataset.h"
#include "lifted/data/head_truth.h"
#include "lifted/metrics/samples.h"
#include "lifted/model/import.h"
#include "lifted/nets/face_embedding.h"
#include "lifted/nets/image_depth_net.h"
#include "lifted/scene/shape_error.h"
#include "lifted/train/projector.h"

namespace lifted::metrics {

/// Depth maps in the views of their images: N×S×S in scene units, and where they count (bool).
struct DepthMaps {
  torch::Tensor depth, mask;
};

/// Errors of many images: means and standard deviations over those that have a pixel to compare.
class ShapeScores {
 public:
  void add(const scene::ShapeError& error);
  /// {"images", "side_x100", "side_x100_std", "mad_degrees", "mad_degrees_std", "depth_correlation"}. Error if no image
  /// had anything to compare.
  nlohmann::ordered_json to_json() const;

 private:
  std::vector<double> side_, mad_, correlation_;
};

nlohmann::ordered_json score(const DepthMaps& found, const DepthMaps& truth, const scene::Camera& camera);

/// What knowing nothing achieves: {"constant_depth": …, "mean_true_depth": …}. The second is, for each image, the mean
/// of all other true depths at each pixel, where there is one.
nlohmann::ordered_json baselines(const DepthMaps& truth, const scene::Camera& camera);

/// Heads with ground truth that are inverted into w and lifted.
struct ShapeTruth {
  std::shared_ptr<const data::Dataset> images;
  std::shared_ptr<const data::HeadTruth> shapes;
  int64_t count = 32;  // how many: the first ones
  train::ProjectorOptions search = {.steps = 300};
  std::filesystem::path encoder = {};  // of train-encoder: its codes are where searches start, or with 0 steps end
};

/// Judges shapes; what it needs may be there or not.
class ShapeJudge {
 public:
  /// depth: null for none; truth.images: null for none; perceptual: the face network that helps inverting, or null.
  /// UsageError if there is neither a network nor truth, or if fewer than two images are to be inverted.
  ShapeJudge(nets::ImageDepthNet depth, ShapeTruth truth, nets::FaceEmbedding perceptual);

  /// Of renderings of the codes: {"samples": {"lifted", "constant_depth", "mean_true_depth"}} against what the
  /// network reads off them, and of the images with ground truth, inverted and lifted: {"inverted": {"image_error",
  /// "identity" (the mean cosine, where there is a face network), "lifted", "lifted_face", "supervised", baselines}}.
  /// Error if the network is no lifted one or of another size.
  nlohmann::ordered_json measure(const model::LoadedNetwork& network, const CodeOptions& codes) const;

 private:
  nlohmann::ordered_json samples(const model::LoadedNetwork& network, const CodeOptions& codes) const;
  nlohmann::ordered_json inverted(const model::LoadedNetwork& network, const CodeOptions& codes) const;
  const train::Projection& projection_of(const model::LoadedNetwork& network, double psi) const;
  /// Codes to start from, truncated: N×w_dim, or undefined.
  torch::Tensor encoded(const model::LoadedNetwork& network, const torch::Tensor& targets, double psi) const;
  /// Mean cosine of images and targets in the face network.
  double identity(const torch::Tensor& images) const;

  nets::ImageDepthNet depth_{nullptr};
  ShapeTruth truth_;
  nets::FaceEmbedding perceptual_{nullptr};
  torch::Tensor targets_;                                   // N×3×S×S
  DepthMaps true_heads_, true_faces_;                       // of the targets
  mutable std::map<std::string, train::Projection> found_;  // by generator: models lifted from one share its codes
};

}  // namespace lifted::metrics
