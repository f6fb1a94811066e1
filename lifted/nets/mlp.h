// Multi-layer perceptrons of the lifting networks (paper, supplementary; public implementation: models/networks.py).
#pragma once

#include "lifted/base/torch_nn.h"

namespace lifted::nets {

/// y = weight · x + bias per channel (1×C each; ones and zeros at the start).
class ScaleShiftImpl : public torch::nn::Module {
 public:
  explicit ScaleShiftImpl(int channels);
  torch::Tensor forward(const torch::Tensor& x);

  torch::Tensor weight, bias;
};
TORCH_MODULE(ScaleShift);

struct MlpConfig {
  enum class End { none, leaky, tanh, scale_shift };

  int in = 512, out = 512, width = 512, layers = 4;
  bool normalize = false;  // GroupNorm of width/4 groups after each linear layer but the last
  End end = End::none;     // what follows the last linear layer
};

/// The layers as the published Sequential numbers them: linear, [norm,] leaky ReLU 0.2, …, linear, [end].
torch::nn::Sequential make_mlp(const MlpConfig& config);

/// Applies it to B×in codes. Without gradients on a CPU each row's result is the same bits whatever the batch and
/// thread count.
torch::Tensor forward_mlp(const torch::nn::Sequential& mlp, torch::Tensor x);

/// An MLP with the published key prefix "mlp.".
class MlpImpl : public torch::nn::Module {
 public:
  explicit MlpImpl(const MlpConfig& config);
  torch::Tensor forward(const torch::Tensor& x) const { return forward_mlp(mlp_, x); }

 private:
  torch::nn::Sequential mlp_;
};
TORCH_MODULE(Mlp);

}  // namespace lifted::nets
