// D_T: which pixels move with the head, from a neutral style code (published as netT).
#pragma once

#include "lifted/base/torch_nn.h"
#include "lifted/nets/lifting_config.h"

namespace lifted::nets {

class TransformMapImpl : public torch::nn::Module {
 public:
  explicit TransformMapImpl(const LiftingConfig& config);
  /// w: B×style_dim. Returns B×1×S×S logits; the method uses sigmoid(logits + 5).
  torch::Tensor forward(const torch::Tensor& w) const;

 private:
  torch::nn::Sequential mlp_, network_;
};
TORCH_MODULE(TransformMap);

}  // namespace lifted::nets
