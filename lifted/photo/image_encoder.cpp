#include "lifted/photo/image_encoder.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/nets/load.h"

namespace lifted::photo {
using torch::Tensor;

ImageEncoderImpl::ImageEncoderImpl(nets::FaceEmbeddingConfig trunk, int64_t w_dim) {
  head_ = register_module("head", torch::nn::Linear(trunk.dimensions, w_dim));
  trunk_ = register_module("trunk", nets::FaceEmbedding(std::move(trunk)));
  mean_ = register_buffer("mean", torch::zeros({w_dim}));
  deviation_ = register_buffer("deviation", torch::ones({w_dim}));
}

Tensor ImageEncoderImpl::standardized(const Tensor& image) {
  return head_->forward(torch::relu(trunk_->features(image)));
}

void ImageEncoderImpl::set_scale(const Tensor& mean, const Tensor& deviation) {
  const torch::NoGradGuard guard;
  mean_.copy_(mean);
  deviation_.copy_(deviation.clamp_min(1e-6));
}

ImageEncoder load_image_encoder(const StateDict& state, std::string_view what) {
  StateDict trunk;
  for (const auto& [key, tensor] : state)
    if (key.rfind("trunk.", 0) == 0) trunk[key.substr(6)] = tensor;
  const auto head = state.find("head.weight");
  require(!trunk.empty() && head != state.end() && head->second.dim() == 2,
          "{}: is no picture encoder: it has no trunk and head", what);
  ImageEncoder network(nets::infer_face_embedding_config(trunk, what), head->second.size(0));
  nets::load_strict(*network, state, what);
  for (auto& parameter : network->parameters()) parameter.set_requires_grad(false);
  network->eval();
  return network;
}

nets::FaceEmbeddingConfig encoder_trunk(int size) {
  return {.size = std::min(size, 128),
          .dimensions = 384,
          .widths = {24, 48, 96, 192},
          .blocks = {1, 1, 1, 1},
          .dropout = 0};
}

}  // namespace lifted::photo
