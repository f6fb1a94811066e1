// M: the style code that has a given light and viewpoint (published as netSC).
#pragma once

#include "lifted/base/torch_nn.h"
#include "lifted/nets/lifting_config.h"
#include "lifted/nets/mlp.h"

namespace lifted::nets {

class ComposeImpl : public torch::nn::Module {
 public:
  explicit ComposeImpl(const LiftingConfig& config);
  /// style: B×style_dim; light: B×4; view: B×6, as Decompose gives them. Returns B×style_dim.
  torch::Tensor forward(const torch::Tensor& style, const torch::Tensor& light, const torch::Tensor& view) const;

 private:
  Mlp embed_style_, embed_light_, embed_view_, model_;
};
TORCH_MODULE(Compose);

}  // namespace lifted::nets
