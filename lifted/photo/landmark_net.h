// A small network that reads the 68 landmarks of a face off a crop around it.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "lifted/base/torch_nn.h"
#include "lifted/nets/face_embedding.h"

namespace lifted::photo {

inline constexpr int64_t kLandmarks = 68;

/// Landmark i of a mirrored face is landmark kMirroredLandmark[i] of the face (Multi-PIE's numbering).
inline constexpr std::array<int64_t, kLandmarks> kMirroredLandmark = {
    16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0,  26, 25, 24, 23, 22, 21,
    20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
    41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65};

/// Four stages of residual blocks, joined from the coarsest to a quarter of the crop's side; there every cell says for
/// each landmark how likely it is the landmark's and where the landmark lies from it. The answer is the mean of what
/// the cells say.
class LandmarkNetImpl : public torch::nn::Module {
 public:
  /// Of `trunk` one block a stage is built, as wide as it says; `dimensions` is the width at which stages are joined.
  explicit LandmarkNetImpl(nets::FaceEmbeddingConfig trunk);

  /// image: B×3×S×S in [-1, 1], S as the trunk takes it. Returns B×68×2 (x, y): the crop's edges are at ±1.
  torch::Tensor forward(const torch::Tensor& image);
  /// The mean of the training crops' landmarks, 68×2, about which cells are likelier.
  void set_mean(const torch::Tensor& mean);

  /// To be called before training, once weights are drawn: the answer is about the mean then.
  void begin_at_mean();

  const nets::FaceEmbeddingConfig& config() const { return config_; }

 private:
  torch::Tensor joined(const torch::Tensor& image);

  nets::FaceEmbeddingConfig config_;
  torch::nn::Sequential stem_{nullptr};
  std::vector<nets::IrBlock> layers_;
  std::vector<torch::nn::Conv2d> lateral_;
  std::vector<torch::nn::Sequential> smooth_;
  torch::nn::Conv2d heat_{nullptr}, offset_{nullptr};
  torch::Tensor mean_;
};
TORCH_MODULE(LandmarkNet);

/// A frozen network in evaluation mode with the weights of a state dict. Error, naming `what`, unless it fits exactly.
LandmarkNet load_landmark_net(const StateDict& state, std::string_view what);

/// What train-landmarks trains: crops of 64 pixels, 0.4 million parameters.
nets::FaceEmbeddingConfig landmark_trunk();

}  // namespace lifted::photo
