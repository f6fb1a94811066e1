// D_S: the canonical depth of a neutral style code (published as netD).
#pragma once

#include "lifted/base/torch_nn.h"
#include "lifted/nets/lifting_config.h"

namespace lifted::nets {

class DepthNetImpl : public torch::nn::Module {
 public:
  explicit DepthNetImpl(const LiftingConfig& config);
  /// w: B×style_dim, the neutral style code; features: B×feature_channels×S×S, the generator's last feature map for it.
  /// Returns B×1×S×S, raw: the caller subtracts the mean, squashes and scales.
  torch::Tensor forward(const torch::Tensor& w, const torch::Tensor& features) const;
  /// Multiplies the last convolution's weight and bias.
  void scale_output(double factor);

 private:
  torch::nn::Sequential mlp_, network_;
  torch::nn::Conv2d inject_;
  torch::nn::Sequential head_;
};
TORCH_MODULE(DepthNet);

}  // namespace lifted::nets
