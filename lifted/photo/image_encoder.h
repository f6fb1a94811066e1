// A network that reads a generator's style code off a picture in one pass.
#pragma once

#include <string>
#include <string_view>

#include "lifted/base/torch_nn.h"
#include "lifted/nets/face_embedding.h"

namespace lifted::photo {

class ImageEncoderImpl : public torch::nn::Module {
 public:
  /// The trunk is a face network's; `trunk.dimensions` features of it are read linearly.
  ImageEncoderImpl(nets::FaceEmbeddingConfig trunk, int64_t w_dim);

  /// image: B×3×S×S in [-1, 1], S as the trunk takes it. Returns w: B×w_dim.
  torch::Tensor forward(const torch::Tensor& image) { return raw(standardized(image)); }
  /// The same before scaling: each axis around 0 with deviation 1 over the generator's codes.
  torch::Tensor standardized(const torch::Tensor& image);
  torch::Tensor standardize(const torch::Tensor& w) const { return (w - mean_) / deviation_; }
  torch::Tensor raw(const torch::Tensor& standardized) const { return standardized * deviation_ + mean_; }
  /// Mean and deviation of the generator's codes, w_dim each.
  void set_scale(const torch::Tensor& mean, const torch::Tensor& deviation);

  const nets::FaceEmbeddingConfig& config() const { return trunk_->config(); }
  int64_t w_dim() const { return mean_.size(0); }

 private:
  nets::FaceEmbedding trunk_{nullptr};
  torch::nn::Linear head_{nullptr};
  torch::Tensor mean_, deviation_;
};
TORCH_MODULE(ImageEncoder);

/// A frozen encoder in evaluation mode with the weights of a state dict. Error, naming `what`, unless it fits exactly.
ImageEncoder load_image_encoder(const StateDict& state, std::string_view what);

/// The trunk for pictures of this side that train-encoder trains: 1.9 million parameters at 64 pixels.
nets::FaceEmbeddingConfig encoder_trunk(int size);

}  // namespace lifted::photo
