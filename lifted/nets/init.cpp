#include "lifted/nets/init.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "lifted/nets/mlp.h"
#include "lifted/nets/stylegan2.h"
#include "lifted/nets/stylegan2_discriminator.h"

namespace lifted::nets {
namespace {

/// PyTorch counts fan-in as size(1) · kernel for transposed convolutions too, although their inputs are along size(0).
void draw(torch::Tensor weight, torch::Tensor bias, at::Generator& generator) {
  const double fan_in = static_cast<double>(weight.numel()) / static_cast<double>(weight.size(0));
  const double bound = 1 / std::sqrt(fan_in);
  weight.uniform_(-bound, bound, generator);
  if (bias.defined()) bias.uniform_(-bound, bound, generator);
}

}  // namespace

at::Generator seeded_generator(uint64_t seed) {
  return at::detail::createCPUGenerator(seed);
}

void reset_parameters(torch::nn::Module& module, at::Generator generator) {
  torch::NoGradGuard no_grad;
  for (const auto& layer : module.modules()) {
    if (auto* linear = layer->as<torch::nn::Linear>()) {
      draw(linear->weight, linear->bias, generator);
    } else if (auto* conv = layer->as<torch::nn::Conv2d>()) {
      draw(conv->weight, conv->bias, generator);
    } else if (auto* upconv = layer->as<torch::nn::ConvTranspose2d>()) {
      draw(upconv->weight, upconv->bias, generator);
    } else if (auto* norm = layer->as<torch::nn::GroupNorm>()) {
      norm->reset_parameters();
    } else if (auto* equal_linear = layer->as<EqualLinear>()) {
      equal_linear->weight.normal_(0, 1 / equal_linear->lr_mul, generator);
    } else if (auto* equal_conv = layer->as<EqualConv2d>()) {
      equal_conv->weight.normal_(0, 1, generator);
    } else if (auto* modulated = layer->as<ModulatedConv2d>()) {
      modulated->weight.normal_(0, 1, generator);
    } else if (auto* stylegan2 = layer->as<Stylegan2Generator>()) {
      stylegan2->reset_input_and_noise(generator);
    } else if (auto* scale_shift = layer->as<ScaleShift>()) {
      scale_shift->weight.fill_(1);
      scale_shift->bias.zero_();
    }
  }
}

}  // namespace lifted::nets
