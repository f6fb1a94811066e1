// The face recognition network: LResNet with improved residual blocks (Deng et al. 2019). Keys are those of the
// LiftedGAN authors' implementation (models/face_embedding.py).
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "lifted/base/state_dict.h"
#include "lifted/base/torch_nn.h"

namespace lifted::nets {

/// The defaults are LResNet-18.
struct FaceEmbeddingConfig {
  int size = 128;                                 // side of the image it sees: a multiple of 16
  int dimensions = 512;                           // of the embedding
  std::vector<int> widths = {64, 128, 256, 512};  // channels of the four stages
  std::vector<int> blocks = {2, 2, 2, 2};         // residual blocks of each
  double dropout = 0.4;                           // while training

  bool operator==(const FaceEmbeddingConfig&) const = default;
  nlohmann::json to_json() const;
  static FaceEmbeddingConfig from_json(const nlohmann::json& json);
  /// Error unless the numbers describe a network.
  void validate() const;
};

/// The architectures train-embedding offers: "lresnet18" (the defaults; 128×128 images) and "small" (a quarter of its
/// channels and half of its blocks, for images of 64×64). UsageError for other names.
FaceEmbeddingConfig named_face_embedding(std::string_view name);

/// Reads the sizes off a state dict's shapes. `what` names the source in errors.
FaceEmbeddingConfig infer_face_embedding_config(const StateDict& state, std::string_view what);

/// BatchNorm, conv 3×3, BatchNorm, PReLU, conv 3×3 with the stride, BatchNorm; beside it the input, through a 1×1
/// convolution and BatchNorm (`downsample`) where its shape changes.
class IrBlockImpl : public torch::nn::Module {
 public:
  IrBlockImpl(int64_t in, int64_t out, int64_t stride);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::BatchNorm2d bn0_{nullptr}, bn1_{nullptr}, bn2_{nullptr};
  torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
  torch::nn::PReLU prelu_{nullptr};
  torch::nn::Sequential downsample_{nullptr};
};
TORCH_MODULE(IrBlock);

class FaceEmbeddingImpl : public torch::nn::Module {
 public:
  /// Error if the configuration describes no network.
  explicit FaceEmbeddingImpl(FaceEmbeddingConfig config = {});

  /// image: B×3×S×S in [-1, 1]; S is the network's size or a multiple of it, averaged down. Returns B×dimensions of
  /// unit length. Differentiable. Whether batch statistics and dropout apply is the module's mode: call eval() to
  /// measure.
  torch::Tensor forward(const torch::Tensor& image);
  /// The embedding before it is made unit length: B×dimensions.
  torch::Tensor features(const torch::Tensor& image);
  /// The outputs of the four stages, at 1/2, 1/4, 1/8 and 1/16 of the image's own side, a multiple of 16.
  std::vector<torch::Tensor> stages(const torch::Tensor& image);

  /// What dropout draws from (on the CPU): needed to train a network that has some.
  void set_dropout_generator(at::Generator generator) { dropout_generator_ = std::move(generator); }

  const FaceEmbeddingConfig& config() const { return config_; }

 private:
  torch::Tensor dropped_out(const torch::Tensor& x) const;

  FaceEmbeddingConfig config_;
  std::optional<at::Generator> dropout_generator_;
  torch::nn::Conv2d conv1_{nullptr};
  torch::nn::BatchNorm2d bn1_{nullptr}, bn4_{nullptr};
  torch::nn::PReLU act_layer_{nullptr};
  std::vector<torch::nn::Sequential> layers_;
  torch::nn::Linear fc5_{nullptr};
  torch::nn::BatchNorm1d bn5_{nullptr};
};
TORCH_MODULE(FaceEmbedding);

/// A frozen network in evaluation mode with the weights of a state dict (names with or without "module."). Error,
/// naming `what`, unless it fits exactly.
FaceEmbedding load_face_embedding(const StateDict& state, std::string_view what);

}  // namespace lifted::nets
