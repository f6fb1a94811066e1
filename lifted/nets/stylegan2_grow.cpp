#include "lifted/nets/stylegan2_grow.h"

#include <cmath>

#include "lifted/base/error.h"
#include "lifted/base/tensor.h"
#include "lifted/nets/stylegan2_config.h"
#include "lifted/nets/stylegan2_discriminator.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

constexpr double kReluSlope = 0.2;  // of the leaky ReLU, whose outputs are multiplied by √2
constexpr int64_t kColours = 3;

StateDict copy_of(const StateDict& state) {
  StateDict copy;
  for (const auto& [name, tensor] : state) copy[name] = tensor.detach().clone();
  return copy;
}

void require_half(int size, int smaller, std::string_view what) {
  require(size == 2 * smaller, "{}: a network of {} pixels; growing to {} starts from one of {}", what, smaller, size,
          size / 2);
}

/// What multiplies a stored weight of an equalized convolution with this weight's shape (out×in×k×k).
double equalized_gain(const Tensor& weight) {
  return 1 / std::sqrt(static_cast<double>(weight[0].numel()));
}

/// 3×n → 6×n: the rows, then their negatives.
Tensor with_opposites(const Tensor& rows) {
  return torch::cat({rows, -rows}, 0);
}

}  // namespace

StateDict grown_generator(const StateDict& fresh, const StateDict& smaller, std::string_view what) {
  const int levels = infer_stylegan2_config(fresh, "the grown generator").levels();
  require_half(2 << levels, infer_stylegan2_config(smaller, what).size, what);
  StateDict grown = copy_of(fresh);
  for (const auto& [name, tensor] : smaller) grown[name] = tensor;
  const std::string to_rgb = fmt::format("to_rgbs.{}.", levels - 2);
  grown.at(to_rgb + "conv.weight").zero_();
  grown.at(to_rgb + "bias").zero_();
  return grown;
}

StateDict grown_discriminator(const StateDict& fresh, const StateDict& smaller, std::string_view what) {
  const auto config = infer_stylegan2_discriminator_config(fresh, "the grown discriminator");
  const int blocks = static_cast<int>(config.channels.size()) - 1;
  const auto small_config = infer_stylegan2_discriminator_config(smaller, what);
  require_half(config.size, small_config.size, what);
  const int64_t channels = config.channels.back(), pairs = 2 * kColours;
  require(channels >= pairs, "{}: a discriminator cannot grow to {} channels at {} pixels; expected at least {}", what,
          channels, config.size, pairs);

  StateDict grown = copy_of(fresh);
  for (const auto& [name, tensor] : smaller) {
    if (name.rfind("convs.0.", 0) == 0) continue;  // FromRGB at half the size: the new block takes its place
    int block = 0;
    if (std::sscanf(name.c_str(), "convs.%d.", &block) == 1) {
      require(block < blocks, "{}: tensor '{}' belongs to no block", what, name);
      grown[fmt::format("convs.{}{}", block + 1, name.substr(name.find('.', 6)))] = tensor;
    } else {
      grown[name] = tensor;
    }
  }
  // A rectified pair gives its colour back: lrelu(v) − lrelu(−v) = (1 + slope)·v, times the activation's √2.
  const double pair_gain = (1 + kReluSlope) * std::sqrt(2.0);
  const auto from_pairs = torch::cat({torch::eye(kColours), -torch::eye(kColours)}, 1) / pair_gain;  // 3×6

  const auto weight = [&](const std::string& key) { return grown.at(key); };
  Tensor from_rgb = weight("convs.0.0.weight"), conv1 = weight("convs.1.conv1.0.weight");
  Tensor conv2 = weight("convs.1.conv2.1.weight"), bias2 = weight("convs.1.conv2.2.bias");
  from_rgb.slice(0, 0, pairs)
      .copy_(with_opposites(torch::eye(kColours)).view({pairs, kColours, 1, 1}) / equalized_gain(from_rgb));
  conv1.slice(0, 0, pairs).zero_();
  conv1.slice(0, 0, pairs)
      .slice(1, 0, pairs)
      .select(3, 1)
      .select(2, 1)
      .copy_(with_opposites(from_pairs) / equalized_gain(conv1));
  // The block's second activation has no gain (its √2 is the residual sum's), so the smaller FromRGB comes with its
  // own.
  const Tensor small_weight = smaller.at("convs.0.0.weight"), small_bias = smaller.at("convs.0.1.bias");
  const auto colours_to_features = small_weight.to(torch::kFloat).flatten(1) * equalized_gain(small_weight);
  require(conv2.size(0) == colours_to_features.size(0), "{}: {} channels at {} pixels, expected {}", what,
          colours_to_features.size(0), small_config.size, conv2.size(0));
  conv2.zero_();
  conv2.slice(1, 0, pairs)
      .select(3, 1)
      .select(2, 1)
      .copy_(colours_to_features.matmul(from_pairs) * std::sqrt(2.0) / equalized_gain(conv2));
  bias2.copy_(small_bias * std::sqrt(2.0));
  grown.at("convs.1.skip.1.weight").zero_();
  return grown;
}

}  // namespace lifted::nets
