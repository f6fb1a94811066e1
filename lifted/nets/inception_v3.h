// InceptionV3 as the Fréchet Inception distance knows it: the classifier of the TensorFlow release of 2015-12-05 up to
// its last pooling (Szegedy et al. 2016; Heusel et al. 2017). Average pools leave the padding out, and the last block
// pools by its maximum. Layer names are those of pytorch-fid.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lifted/base/state_dict.h"
#include "lifted/base/torch_nn.h"
#include "lifted/ops/convolution.h"

namespace lifted::nets {

/// How images reach the network. Resizing is part of what a published FID means.
enum class InceptionInput {
  pytorch_fid,  ///< bilinear to 299×299 between pixel centres, values in [-1, 1]
  tensorflow    ///< NVIDIA's: bilinear between pixel corners as TensorFlow 1 did, (8-bit value − 128) / 128
};

/// One convolution with batch normalization (ε 0.001) and ReLU, as published.
struct InceptionLayer {
  std::string name = {};     ///< "Mixed_5b.branch1x1"
  std::string program = {};  ///< in NVIDIA's TorchScript, dots as underscores: "layers_mixed_conv"
  std::string part = {};  ///< the convolution it is computed in: those that look at the same maps with 1×1 share one
  int in, out, height, width, stride;
  int pad_y() const { return stride == 1 && padded ? height / 2 : 0; }
  int pad_x() const { return stride == 1 && padded ? width / 2 : 0; }
  bool padded = true;
};

/// All 94, in the order of execution.
const std::vector<InceptionLayer>& inception_layers();

/// The network for inference: normalization is folded into the convolutions, which run channels_last.
class InceptionV3Impl : public torch::nn::Module {
 public:
  explicit InceptionV3Impl(InceptionInput input = InceptionInput::pytorch_fid);

  /// images: B×3×H×W in [-1, 1] → B×2048, the last pooling. No gradient.
  torch::Tensor forward(const torch::Tensor& images) const;
  /// Images as the network sees them: B×3×299×299.
  torch::Tensor prepare(const torch::Tensor& images) const;
  /// Prepared images → the outputs of pytorch-fid's four blocks: B×64×73×73, B×192×35×35, B×768×17×17, B×2048×1×1.
  std::vector<torch::Tensor> blocks(const torch::Tensor& prepared) const;

  InceptionInput input() const { return input_; }

 private:
  struct Convolution {
    torch::Tensor weight, bias;
    ops::ConvolutionOptions options;
    std::vector<int64_t> widths;  // channels of the layers computed together
    torch::Tensor operator()(const torch::Tensor& x) const { return ops::conv2d(x, weight, options, bias); }
  };
  class Join;

  torch::Tensor chain(const std::string& block, const std::vector<std::string>& names, torch::Tensor x) const;
  torch::Tensor block_a(const std::string& name, const torch::Tensor& x) const;
  torch::Tensor block_b(const torch::Tensor& x) const;
  torch::Tensor block_c(const std::string& name, const torch::Tensor& x) const;
  torch::Tensor block_d(const torch::Tensor& x) const;
  torch::Tensor block_e(const std::string& name, const torch::Tensor& x) const;

  InceptionInput input_;
  std::map<std::string, Convolution> parts_;
};
TORCH_MODULE(InceptionV3);

/// A frozen network with the weights of a state dict in pytorch-fid's layout (`pt_inception-2015-12-05-6726825d.pth`);
/// its classifier (`fc`) is not needed. Error, naming `what`, unless it fits exactly.
InceptionV3 load_inception_v3(const StateDict& state, std::string_view what,
                              InceptionInput input = InceptionInput::pytorch_fid);

}  // namespace lifted::nets
