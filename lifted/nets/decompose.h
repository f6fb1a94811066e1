// D_L and D_V: the light and the viewpoint of a style code (published as netSD).
#pragma once

#include "lifted/base/torch_nn.h"
#include "lifted/nets/lifting_config.h"
#include "lifted/nets/mlp.h"

namespace lifted::nets {

struct Decomposed {
  torch::Tensor light;  // B×4 in (−1, 1): ambient, diffuse, direction x and y
  torch::Tensor view;   // B×6 in (−1, 1): rotations about x, y, z and translations, not yet scaled
};

class DecomposeImpl : public torch::nn::Module {
 public:
  explicit DecomposeImpl(const LiftingConfig& config);
  /// w: B×style_dim.
  Decomposed forward(const torch::Tensor& w) const;
  /// The style branch, B×style_dim: published weights hold it, the pipeline never uses it.
  torch::Tensor unused_style(const torch::Tensor& w) const { return model_style_->forward(w); }

 private:
  Mlp model_style_, model_light_, model_view_;
};
TORCH_MODULE(Decompose);

}  // namespace lifted::nets
