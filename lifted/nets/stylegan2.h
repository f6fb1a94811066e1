// The StyleGAN2 generator (Karras et al. 2020): mapping z → w and synthesis w → image. Keys are those of rosinality's
// implementation.
#pragma once

#include <torch/torch.h>

#include <optional>
#include <vector>

#include "lifted/nets/stylegan2_config.h"
#include "lifted/nets/stylegan2_layers.h"

namespace lifted::nets {

/// constant: the stored noise maps; random: fresh normal noise; none: no noise.
enum class NoiseMode { constant, random, none };

struct SynthesisOutput {
  torch::Tensor image;     // B×3×S×S, nominally in [-1, 1], unclamped
  torch::Tensor features;  // B×C×S×S, the last feature map, before the last ToRGB
};

class Stylegan2GeneratorImpl : public torch::nn::Module {
 public:
  /// Initialized at random as StyleGAN2 is for training. Error if the configuration describes no network.
  explicit Stylegan2GeneratorImpl(Stylegan2Config config);

  /// z: B×z_dim → w: B×w_dim, before truncation.
  torch::Tensor map(const torch::Tensor& z) const;

  /// w: B×w_dim, or B×layers()×w_dim with one code per layer. `generator` draws the random noise (torch's default if
  /// absent).
  SynthesisOutput synthesize(const torch::Tensor& w, NoiseMode noise = NoiseMode::constant,
                             std::optional<at::Generator> generator = {}) const;

  /// The number of codes synthesis takes: 2·log2(S) − 2.
  int layers() const { return 2 * config_.levels(); }
  const Stylegan2Config& config() const { return config_; }

 private:
  torch::Tensor noise_for(int conv, const torch::Tensor& w, NoiseMode mode,
                          std::optional<at::Generator>& generator) const;

  Stylegan2Config config_;
  std::vector<EqualLinear> mapping_;
  torch::Tensor input_;
  std::vector<StyledConv> convs_;  // conv1, convs.0, convs.1, …: one at 4, two per further resolution
  std::vector<ToRgb> to_rgbs_;     // to_rgb1, to_rgbs.0, …: one per resolution
  std::vector<torch::Tensor> noises_;
};
TORCH_MODULE(Stylegan2Generator);

}  // namespace lifted::nets
