// Image features that need no file: an untrained convolutional network with fixed weights.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/nets/stylegan2_discriminator.h"

namespace lifted::metrics {

/// The residual trunk of a StyleGAN2 discriminator with normal weights of a fixed seed. Distances in its space rank
/// models of one image size on one data set; they are no FID and compare with nothing else.
class RandomFeatures {
 public:
  /// Changes whenever the features do.
  static constexpr int kVersion = 1;

  /// size: side of the images, a power of two from 8 to 1024.
  explicit RandomFeatures(int size, torch::Device device = torch::kCPU);

  /// images: B×3×S×S in [-1, 1] → B×256.
  torch::Tensor operator()(const torch::Tensor& images) const;

 private:
  nets::Stylegan2Discriminator network_{nullptr};
};

}  // namespace lifted::metrics
