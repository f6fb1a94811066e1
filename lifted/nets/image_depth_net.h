// A supervised network that reads the depth of a head off one image: pseudo ground truth where there is none, and the
// baseline of everything that learns shape without being told.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "lifted/base/state_dict.h"
#include "lifted/base/torch_nn.h"

namespace lifted::nets {

struct ImageDepthConfig {
  int size = 64;                                    // side of the images it was trained on: a multiple of 16
  std::vector<int> widths = {16, 24, 48, 96, 144};  // channels at 1, 1/2, 1/4, 1/8 and 1/16 of the side

  bool operator==(const ImageDepthConfig&) const = default;
  nlohmann::json to_json() const;
  /// Error unless the numbers describe a network.
  void validate() const;
};

struct ImageDepth {
  torch::Tensor depth;  // B×S×S, camera-frame z in scene units
  torch::Tensor head;   // B×S×S logits: whether a pixel is head as a whole
};

/// A U-Net whose skips are added: convolutions of 3×3 with BatchNorm and ReLU, halving by stride, doubling by
/// repeating.
class ImageDepthNetImpl : public torch::nn::Module {
 public:
  /// Error if the configuration describes no network.
  explicit ImageDepthNetImpl(ImageDepthConfig config = {});

  /// image: B×3×S×S in [-1, 1], S the configuration's size. Differentiable.
  ImageDepth forward(const torch::Tensor& image);
  /// Depths to the scale the network answers in: around 0 with deviation 1 over the training heads.
  torch::Tensor standardized(const torch::Tensor& depth) const { return (depth - mean_) / deviation_; }
  /// Mean and deviation of the training heads' depth.
  void set_scale(double mean, double deviation);

  const ImageDepthConfig& config() const { return config_; }

 private:
  ImageDepthConfig config_;
  torch::nn::Sequential stem_{nullptr};
  std::vector<torch::nn::Sequential> down_, narrow_, up_;
  torch::nn::Conv2d last_{nullptr};
  torch::Tensor mean_, deviation_;
};
TORCH_MODULE(ImageDepthNet);

/// A frozen network in evaluation mode with the weights of a state dict, which must say its image side as "size" (int64
/// scalar). Error, naming `what`, unless it fits exactly.
ImageDepthNet load_image_depth_net(const StateDict& state, std::string_view what);

}  // namespace lifted::nets
