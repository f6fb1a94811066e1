// The perceptual distance of two images: how far apart they are in the features of a frozen network (SPEC: relu2_2,
// relu3_3 and relu4_3 of VGG-16 at three scales).
#pragma once

#include <functional>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/nets/face_embedding.h"
#include "lifted/nets/vgg16.h"

namespace lifted::train {

/// Images (B×3×S×S in [-1, 1]) to feature maps (B×C×h×w, S a multiple of h).
using FeatureMaps = std::function<std::vector<torch::Tensor>(const torch::Tensor& images)>;

/// relu2_2, relu3_3 and relu4_3: the published choice.
FeatureMaps perceptual_maps(nets::Vgg16 network);
/// The outputs of the first three stages of a face network (at 1/2, 1/4 and 1/8 as the published maps), where VGG-16's
/// weights are not at hand. S a multiple of 64 where three scales are compared.
FeatureMaps perceptual_maps(nets::FaceEmbedding network);

/// How many scales images of this side are compared at: the published three; fewer where the smallest would be less
/// than 16 pixels.
int perceptual_scales(int size);

/// Distance of images[image] to images[target], where mask (B×1×S×S; undefined: everywhere) is not 0.
struct PerceptualPair {
  size_t image = 0, target = 0;
  torch::Tensor mask;
};

class PerceptualLoss {
 public:
  explicit PerceptualLoss(FeatureMaps maps, int scales = 3);

  /// The maps (B×C×h×w) of every scale, each scale the one before averaged down by 2. To be reused where an image is
  /// compared more than once.
  using Features = std::vector<torch::Tensor>;
  Features features(const torch::Tensor& images) const;

  /// Squared difference of the maps' vectors, made unit length, summed over channels, averaged over places, samples,
  /// maps and scales; with a mask (B×1×S×S, averaged down to each map) weighted by it, 0 where it is 0 everywhere.
  /// Scalar, differentiable in both.
  torch::Tensor distance(const Features& x, const Features& target, const torch::Tensor& mask = {}) const;
  /// The same of each sample: B.
  torch::Tensor distance_of_each(const Features& x, const Features& target) const;
  torch::Tensor operator()(const torch::Tensor& x, const torch::Tensor& target, const torch::Tensor& mask = {}) const;

  /// The distances of several pairs of `images` with little memory: each image passes the network once, a few samples
  /// at a time, and the gradient with respect to images[pair.image] is computed on the way and held ready for the
  /// backward pass. Targets are constants. A pair's target must come before its image in the list, and no image may be
  /// the image of two pairs.
  std::vector<torch::Tensor> distances(const std::vector<torch::Tensor>& images,
                                       const std::vector<PerceptualPair>& pairs) const;

  /// The images that `distances` sends through the network together hold at most so many pixels (but at least one
  /// image).
  int64_t pixels_at_once = 4 * 256 * 256;
  /// The same on a GPU, which small batches leave idle. VGG-16 keeps about 1 KiB per pixel for its gradient.
  int64_t pixels_at_once_on_gpu = 32 * 256 * 256;

 private:
  struct Chunk;
  Features features_at(const torch::Tensor& images, int scale) const;
  void compare_chunk(const Chunk& chunk) const;

  FeatureMaps maps_;
  int scales_;
};

}  // namespace lifted::train
