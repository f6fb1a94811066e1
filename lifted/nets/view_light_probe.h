// A supervised network that reads viewpoint and light off an image: an independent witness of what a lifted model
// claims.
#pragma once

#include <array>
#include <string_view>

#include "lifted/base/torch_nn.h"
#include "lifted/nets/face_embedding.h"

namespace lifted::nets {

/// What it reads, in this order, in the raw units of a lifted model's views and lights: rotations in 60°, ambient and
/// diffuse as twice the share minus 1, the light's direction as tangents.
constexpr std::array<const char*, 7> kViewLightAxes = {"pitch",   "yaw",     "roll",   "ambient",
                                                       "diffuse", "light_x", "light_y"};
/// What a raw unit of each axis is for people: degrees, shares of 0 … 1, tangents.
constexpr std::array<double, 7> kViewLightUnits = {60, 60, 60, 0.5, 0.5, 1, 1};
/// The factor of each axis when the image is mirrored left to right.
constexpr std::array<float, 7> kViewLightMirrored = {1, -1, -1, 1, 1, -1, 1};

class ViewLightProbeImpl : public torch::nn::Module {
 public:
  /// The trunk is a face network's; `trunk.dimensions` features of it are read linearly.
  explicit ViewLightProbeImpl(FaceEmbeddingConfig trunk);

  /// image: B×3×S×S in [-1, 1], S as the trunk takes it. Returns B×7 in raw units.
  torch::Tensor forward(const torch::Tensor& image);
  /// The same before scaling: B×7, each axis around 0 with deviation 1 over the training images.
  torch::Tensor standardized(const torch::Tensor& image);
  /// Raw values (B×7) to that scale.
  torch::Tensor standardize(const torch::Tensor& raw) const { return (raw - mean_) / deviation_; }
  /// Mean and deviation of the training labels, 7 each.
  void set_scale(const torch::Tensor& mean, const torch::Tensor& deviation);

  const FaceEmbeddingConfig& config() const { return trunk_->config(); }

 private:
  FaceEmbedding trunk_{nullptr};
  torch::nn::Linear head_{nullptr};
  torch::Tensor mean_, deviation_;
};
TORCH_MODULE(ViewLightProbe);

/// A frozen probe in evaluation mode with the weights of a state dict. Error, naming `what`, unless it fits exactly.
ViewLightProbe load_view_light_probe(const StateDict& state, std::string_view what);

}  // namespace lifted::nets
