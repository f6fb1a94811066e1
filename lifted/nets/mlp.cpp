#include "lifted/nets/mlp.h"

#include "lifted/ops/rowwise_linear.h"

namespace lifted::nets {
namespace {

constexpr double kSlope = 0.2;

}  // namespace

ScaleShiftImpl::ScaleShiftImpl(int channels)
    : weight(register_parameter("weight", torch::ones({1, channels}))),
      bias(register_parameter("bias", torch::zeros({1, channels}))) {}

torch::Tensor ScaleShiftImpl::forward(const torch::Tensor& x) {
  return weight * x + bias;
}

torch::nn::Sequential make_mlp(const MlpConfig& config) {
  const auto leaky = [] { return torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(kSlope)); };
  torch::nn::Sequential mlp;
  for (int layer = 0; layer + 1 < config.layers; ++layer) {
    mlp->push_back(torch::nn::Linear(layer == 0 ? config.in : config.width, config.width));
    if (config.normalize) mlp->push_back(torch::nn::GroupNorm(config.width / 4, config.width));
    mlp->push_back(leaky());
  }
  mlp->push_back(torch::nn::Linear(config.width, config.out));
  switch (config.end) {
    case MlpConfig::End::none:
      break;
    case MlpConfig::End::leaky:
      mlp->push_back(leaky());
      break;
    case MlpConfig::End::tanh:
      mlp->push_back(torch::nn::Tanh());
      break;
    case MlpConfig::End::scale_shift:
      mlp->push_back(ScaleShift(config.out));
      break;
  }
  return mlp;
}

torch::Tensor forward_mlp(const torch::nn::Sequential& mlp, torch::Tensor x) {
  for (size_t i = 0; i < mlp->size(); ++i) {
    const auto layer = mlp->ptr(i);
    if (auto* linear = layer->as<torch::nn::Linear>()) {
      x = ops::rowwise_linear(x, linear->weight, linear->bias);
    } else if (auto* norm = layer->as<torch::nn::GroupNorm>()) {
      x = norm->forward(x);
    } else if (layer->as<torch::nn::LeakyReLU>()) {
      x = torch::leaky_relu(x, kSlope);
    } else if (auto* scale_shift = layer->as<ScaleShift>()) {
      x = scale_shift->forward(x);
    } else {
      x = torch::tanh(x);
    }
  }
  return x;
}

MlpImpl::MlpImpl(const MlpConfig& config) : mlp_(register_module("mlp", make_mlp(config))) {}

}  // namespace lifted::nets
