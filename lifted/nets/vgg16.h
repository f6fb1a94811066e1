// VGG-16 (Simonyan and Zisserman 2015) up to relu4_3: the features of the perceptual loss. Keys are torchvision's.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "lifted/base/state_dict.h"
#include "lifted/base/torch_nn.h"

namespace lifted::nets {

class Vgg16Impl : public torch::nn::Module {
 public:
  Vgg16Impl();

  /// image: B×3×H×W in [-1, 1], H and W at least 8; normalized inside to ImageNet's mean and deviation. Returns relu1_2
  /// (64 channels), relu2_2 (128, half the size), relu3_3 (256, a quarter) and relu4_3 (512, an eighth).
  /// Differentiable; channels_last throughout.
  std::vector<torch::Tensor> forward(const torch::Tensor& image) const;

 private:
  std::vector<torch::nn::Conv2d> convs_;
};
TORCH_MODULE(Vgg16);

/// A frozen VGG-16 with the weights of a torchvision state dict ("features.N.weight", "features.N.bias"). Entries of
/// layers beyond relu4_3 are allowed and ignored. Error, naming `what`, if a needed one is missing, misshapen or not
/// finite.
Vgg16 load_vgg16(const StateDict& state, std::string_view what);

/// The same from the convolutions' weights and biases alone, in order from the image on, whatever their names. Error,
/// naming `what`, if they are not VGG-16's.
Vgg16 load_vgg16(const std::vector<std::pair<torch::Tensor, torch::Tensor>>& convolutions, std::string_view what);

}  // namespace lifted::nets
