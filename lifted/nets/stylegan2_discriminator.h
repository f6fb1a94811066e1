// The residual StyleGAN2 discriminator (Karras et al. 2020). Keys are those of rosinality's implementation.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "lifted/base/state_dict.h"
#include "lifted/base/torch_nn.h"
#include "lifted/nets/half_blocks.h"
#include "lifted/nets/stylegan2_layers.h"

namespace lifted::nets {

struct Stylegan2DiscriminatorConfig {
  int size = 256;             // side of the image: a power of two, 8 to 4096
  std::vector<int> channels;  // channels[i] is the width at resolution 4·2^i

  bool operator==(const Stylegan2DiscriminatorConfig&) const = default;
  nlohmann::json to_json() const;
  static Stylegan2DiscriminatorConfig from_json(const nlohmann::json& json);
  /// Error unless the numbers describe a network.
  void validate() const;
};

/// The LiftedGAN authors' table, twice as wide as their generator's: 4–16:512, 32:256, 64:128, 128:64, 256:32.
std::vector<int> lite_discriminator_channels(int size);

/// Reads the configuration off the tensor shapes of a discriminator's state dict. `what` names the source in errors.
Stylegan2DiscriminatorConfig infer_stylegan2_discriminator_config(const StateDict& state, std::string_view what);

/// How many samples of a batch share a standard deviation: the largest divisor of the batch that is at most 4.
int64_t minibatch_group(int64_t batch);

/// x: B×C×H×W → B×(C+1)×H×W: the last channel holds, for each group of g samples, the mean over C, H and W of the
/// standard deviation within the group. Sample i is in group i mod (B/g); g is `group`, a divisor of B, or 0:
/// minibatch_group(B).
torch::Tensor append_minibatch_stddev(const torch::Tensor& x, int64_t group = 0);

/// A convolution with equalized learning rate: weight · 1/sqrt(in·k²). Parameter weight (out×in×k×k).
class EqualConv2dImpl : public torch::nn::Module {
 public:
  EqualConv2dImpl(int64_t in, int64_t out, int64_t kernel);
  /// `gain` multiplies the result. x: B×in×H×W, of any type.
  torch::Tensor forward(const torch::Tensor& x, int64_t stride, int64_t padding, double gain = 1) const;

  double weight_gain;
  torch::Tensor weight;
};
TORCH_MODULE(EqualConv2d);

/// Two 3×3 convolutions, the second halving the size, beside a 1×1 skip; their sum divided by sqrt 2. Children conv1,
/// conv2, skip.
class DiscriminatorBlockImpl : public torch::nn::Module {
 public:
  DiscriminatorBlockImpl(int64_t in, int64_t out);
  /// B×in×H×W → B×out×H/2×W/2.
  torch::Tensor forward(const torch::Tensor& x) const;

 private:
  EqualConv2d conv1_{nullptr}, conv2_{nullptr}, skip_{nullptr};
  torch::Tensor bias1_, bias2_, fir_;
};
TORCH_MODULE(DiscriminatorBlock);

class Stylegan2DiscriminatorImpl : public torch::nn::Module {
 public:
  /// Initialized at random as StyleGAN2 is for training. Error if the configuration describes no network.
  explicit Stylegan2DiscriminatorImpl(Stylegan2DiscriminatorConfig config);

  /// image: B×3×S×S in [-1, 1] → logits B×1, positive for "real". The batch is one population for the minibatch
  /// standard deviation, in groups of `group` as append_minibatch_stddev() forms them.
  torch::Tensor forward(const torch::Tensor& image, int64_t group = 0) const;
  /// The features from RGB down to 4×4, B×C×4×4; `blocks` stops after that many halvings (-1: all).
  torch::Tensor features(const torch::Tensor& image, int blocks = -1) const;

  /// The high-resolution blocks in half precision, logits in float32; nothing (the default): all in float32.
  void use_half(HalfType half) { half_ = half; }
  HalfType half() const { return half_; }
  const Stylegan2DiscriminatorConfig& config() const { return config_; }

 private:
  Stylegan2DiscriminatorConfig config_;
  EqualConv2d from_rgb_{nullptr}, final_conv_{nullptr};
  torch::Tensor from_rgb_bias_, final_bias_;
  std::vector<DiscriminatorBlock> blocks_;
  HalfType half_;
  EqualLinear hidden_{nullptr}, output_{nullptr};
};
TORCH_MODULE(Stylegan2Discriminator);

}  // namespace lifted::nets
