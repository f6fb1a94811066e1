#include "lifted/nets/compose.h"

namespace lifted::nets {
namespace {

MlpConfig layers(const LiftingConfig& config, int in, MlpConfig::End end) {
  return {.in = in, .out = config.style_dim, .width = config.mlp_width, .normalize = true, .end = end};
}

}  // namespace

ComposeImpl::ComposeImpl(const LiftingConfig& config)
    : embed_style_(register_module("embed_style", Mlp(layers(config, config.style_dim, MlpConfig::End::scale_shift)))),
      embed_light_(register_module("embed_light", Mlp(layers(config, kLightSize, MlpConfig::End::scale_shift)))),
      embed_view_(register_module("embed_view", Mlp(layers(config, kViewSize, MlpConfig::End::scale_shift)))),
      model_(register_module("model", Mlp(layers(config, config.style_dim, MlpConfig::End::none)))) {}

torch::Tensor ComposeImpl::forward(const torch::Tensor& style, const torch::Tensor& light,
                                   const torch::Tensor& view) const {
  return model_->forward(embed_style_->forward(style) + embed_light_->forward(light) + embed_view_->forward(view));
}

}  // namespace lifted::nets
