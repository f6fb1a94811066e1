#include "lifted/nets/decompose.h"

namespace lifted::nets {
namespace {

MlpConfig head(const LiftingConfig& config, int out) {
  return {.in = config.style_dim, .out = out, .width = config.mlp_width, .end = MlpConfig::End::tanh};
}

}  // namespace

DecomposeImpl::DecomposeImpl(const LiftingConfig& config)
    : model_style_(register_module(
          "model_style",
          Mlp(MlpConfig{
              .in = config.style_dim, .out = config.style_dim, .width = config.mlp_width, .normalize = true}))),
      model_light_(register_module("model_light", Mlp(head(config, kLightSize)))),
      model_view_(register_module("model_view", Mlp(head(config, kViewSize)))) {}

Decomposed DecomposeImpl::forward(const torch::Tensor& w) const {
  return {model_light_->forward(w), model_view_->forward(w)};
}

}  // namespace lifted::nets
