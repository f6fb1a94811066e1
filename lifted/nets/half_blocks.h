// Blocks of high resolution in half precision, as StyleGAN2-ADA computes them (Karras et al. 2020, num_fp16_res = 4):
// by explicit casts. Styles, demodulation, pictures and everything below stay in float32.
#pragma once

#include <algorithm>
#include <optional>

#include "lifted/base/tensor.h"

namespace lifted::nets {

/// bf16 or fp16 of the blocks from an eighth of the size (at least 8) on; nothing: float32 everywhere.
using HalfType = std::optional<torch::ScalarType>;

/// What float16, whose largest number is 65,504, is kept within: StyleGAN2-ADA's conv_clamp.
inline constexpr double kHalfClamp = 256;

/// The type of the block of resolution `side` in a network for images of `size`.
inline torch::ScalarType block_type(const HalfType& half, int64_t side, int64_t size) {
  return half && side >= std::max<int64_t>(8, size / 8) ? *half : torch::kFloat32;
}

inline bool is_half(const torch::Tensor& x) {
  return x.scalar_type() == torch::kBFloat16 || x.scalar_type() == torch::kHalf;
}

/// A layer's bound of activations: of fp16 at most kHalfClamp.
inline std::optional<double> clamp_for(const torch::Tensor& x, const std::optional<double>& clamp) {
  if (x.scalar_type() != torch::kHalf) return clamp;
  return clamp ? std::min(*clamp, kHalfClamp) : kHalfClamp;
}

/// op(x) of an op that sums products in float32 whatever its operands: as it is on a GPU; on a CPU, whose kernels are
/// float32's, by those, and rounded to x's type.
template <typename Op>
torch::Tensor in_float32_on_cpu(const torch::Tensor& x, const Op& op) {
  if (!x.is_cpu() || !is_half(x)) return op(x);
  return op(x.to(torch::kFloat32)).to(x.scalar_type());
}

/// The weights as blocks of x's type see them, in the type that the op around them computes in.
inline torch::Tensor rounded_to(const torch::Tensor& weight, const torch::Tensor& x, const torch::Tensor& computed) {
  return weight.to(x.scalar_type()).to(computed.scalar_type());
}

/// A network's blocks in half precision while this lives.
template <typename Network>
class WithHalf {
 public:
  WithHalf(const Network& network, HalfType half) : network_(network), before_(network->half()) {
    network_->use_half(half);
  }
  ~WithHalf() { network_->use_half(before_); }
  WithHalf(const WithHalf&) = delete;
  WithHalf& operator=(const WithHalf&) = delete;

 private:
  Network network_;
  HalfType before_;
};

}  // namespace lifted::nets
