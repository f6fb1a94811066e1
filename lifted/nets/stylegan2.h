// The StyleGAN2 generator (Karras et al. 2020): mapping z → w and synthesis w → image. Keys are those of rosinality's
// implementation.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "lifted/base/torch_nn.h"
#include "lifted/nets/half_blocks.h"
#include "lifted/nets/stylegan2_config.h"
#include "lifted/nets/stylegan2_fused.h"
#include "lifted/ops/implementation.h"

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

  /// w: B×w_dim, or B×layers()×w_dim with one code per layer. `generator` draws the random noise, on its own
  /// device wherever w is: NoiseMode::random needs one.
  ///
  /// Where no gradient is wanted (NoGradGuard, or nothing requires one) on the CPU in float32, fused passes compute it:
  /// bitwise the same for any batch size and number of threads. They use a rearranged copy of the weights, renewed when
  /// a parameter has been written since; writes through tensor.data(), which torch does not count, would be missed.
  SynthesisOutput synthesize(const torch::Tensor& w, NoiseMode noise = NoiseMode::constant,
                             std::optional<at::Generator> generator = {}) const;

  /// The same with noise maps for every convolution, (1 or B)×1×h×w, as draw_noise() gives them.
  SynthesisOutput synthesize(const torch::Tensor& w, const std::vector<torch::Tensor>& noises) const;
  /// Normal noise for `count` samples, what NoiseMode::random uses: per convolution count×1×h×w on the generator's
  /// device.
  std::vector<torch::Tensor> draw_noise(int64_t count, at::Generator generator) const;

  /// h = w of every convolution's noise map.
  std::vector<int64_t> noise_sides() const;

  /// Draws the constant input and the stored noise maps anew: what no layer of its own holds.
  void reset_input_and_noise(at::Generator generator);

  /// The high-resolution blocks of synthesis in half precision, results in float32; nothing (the default): all in
  /// float32.
  void use_half(HalfType half) { half_ = half; }
  HalfType half() const { return half_; }
  /// reference: always run layer by layer in differentiable operations. fused (the default): as synthesize() says.
  void use(ops::Implementation implementation) { implementation_ = implementation; }

  /// The number of codes synthesis takes: 2·log2(S) − 2.
  int layers() const { return 2 * config_.levels(); }
  const Stylegan2Config& config() const { return config_; }

 private:
  /// The packed weights if the fused path applies to this input, else null.
  std::shared_ptr<const Stylegan2Fused> fused_for(const torch::Tensor& input) const;

  Stylegan2Config config_;
  Stylegan2Parts parts_;
  HalfType half_;
  ops::Implementation implementation_ = ops::Implementation::fused;
  mutable std::mutex fused_mutex_;
  mutable std::shared_ptr<const Stylegan2Fused> fused_;
};
TORCH_MODULE(Stylegan2Generator);

}  // namespace lifted::nets
