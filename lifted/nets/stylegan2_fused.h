// The generator's inference path: weights packed once, one fused pass per layer. No gradients, CPU, float32.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/nets/stylegan2_layers.h"
#include "lifted/ops/styled_conv.h"

namespace lifted::nets {

/// The layers of a generator in the order they run.
struct Stylegan2Parts {
  std::vector<EqualLinear> mapping;
  torch::Tensor input;            // 1×C×4×4
  std::vector<StyledConv> convs;  // conv1, convs.0, convs.1, …: one at 4, two per further resolution
  std::vector<ToRgb> to_rgbs;     // to_rgb1, to_rgbs.0, …: one per resolution
  std::vector<torch::Tensor> noises;
};

class Stylegan2Fused {
 public:
  /// Null if a filter is not separable or the tensors are not float32 on the CPU: the layers then run as they are.
  static std::shared_ptr<const Stylegan2Fused> pack(const Stylegan2Parts& parts);

  /// Whether the parameters are still those that were packed (same storage, not written since).
  bool is_current(const Stylegan2Parts& parts) const;

  /// Pixel-normalized z: B×z_dim → B×w_dim.
  torch::Tensor map(const torch::Tensor& normalized) const;

  /// codes: one B×w_dim per layer; noises: one per convolution, undefined for none. Returns image and last features.
  std::pair<torch::Tensor, torch::Tensor> synthesize(const std::vector<torch::Tensor>& codes,
                                                     const std::vector<torch::Tensor>& noises) const;

 private:
  struct Linear {
    ops::PackedWeights weight;
    torch::Tensor bias;
    torch::Tensor operator()(const torch::Tensor& x, const ops::Activation& activation = {}) const;
  };
  struct Conv {
    Linear style;
    ops::PackedWeights weight, energy;  // energy: Σ over the kernel of weight²
    torch::Tensor bias;
    float noise_strength = 0;
    ops::Activation activation;
    bool upsample = false;
    std::array<float, 4> fir = {};
  };
  struct Rgb {
    Linear style;
    torch::Tensor weight, bias;  // 1×3×C, 3
    float clamp = 0;
    std::array<float, 4> fir = {};
  };
  using Stamp = std::pair<const void*, int64_t>;

  static Linear pack_linear(const EqualLinear& layer);
  static std::optional<Conv> pack_conv(const StyledConv& layer);
  static std::optional<Rgb> pack_rgb(const ToRgb& layer);
  static std::vector<Stamp> stamps_of(const Stylegan2Parts& parts);

  std::vector<Linear> mapping_;
  torch::Tensor input_;
  std::vector<Conv> convs_;
  std::vector<Rgb> to_rgbs_;
  std::vector<Stamp> stamps_;
};

}  // namespace lifted::nets
