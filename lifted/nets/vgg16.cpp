#include "lifted/nets/vgg16.h"

#include <algorithm>
#include <array>
#include <string>

#include "lifted/base/device.h"
#include "lifted/base/error.h"
#include "lifted/nets/load.h"
#include "lifted/ops/convolution.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

constexpr auto kVggFormat = torch::MemoryFormat::ChannelsLast;

struct Layer {
  int index;        // among torchvision's `features`, which counts convolutions, ReLUs and pools
  int in, out;      // channels
  bool ends_slice;  // its ReLU is one of the maps; a pool follows, but for the last
};
constexpr std::array<Layer, 10> kLayers = {{{0, 3, 64, false},
                                            {2, 64, 64, true},
                                            {5, 64, 128, false},
                                            {7, 128, 128, true},
                                            {10, 128, 256, false},
                                            {12, 256, 256, false},
                                            {14, 256, 256, true},
                                            {17, 256, 512, false},
                                            {19, 512, 512, false},
                                            {21, 512, 512, true}}};

struct FeaturesImpl : torch::nn::Module {};
TORCH_MODULE(Features);

/// [-1, 1] to what the network was trained on.
Tensor normalize(const Tensor& image) {
  const auto per_channel = [&](const std::vector<double>& values) {
    return constant(values, {1, 3, 1, 1}, image.options());
  };
  return (image / 2 + 0.5 - per_channel({0.485, 0.456, 0.406})) / per_channel({0.229, 0.224, 0.225});
}

}  // namespace

Vgg16Impl::Vgg16Impl() {
  auto features = register_module("features", Features());
  for (const Layer& layer : kLayers) {
    torch::nn::Conv2d conv(torch::nn::Conv2dOptions(layer.in, layer.out, 3).padding(1));
    conv->weight.set_data(conv->weight.detach().contiguous(kVggFormat));
    convs_.push_back(features->register_module(std::to_string(layer.index), conv));
  }
}

std::vector<Tensor> Vgg16Impl::forward(const Tensor& image) const {
  TORCH_CHECK(image.dim() == 4 && image.size(1) == 3 && image.size(2) >= 8 && image.size(3) >= 8,
              "VGG-16 needs images of shape B×3×H×W with sides of at least 8, got ", image.sizes());
  std::vector<Tensor> maps;
  Tensor x = normalize(image).contiguous(kVggFormat);
  for (size_t i = 0; i < kLayers.size(); ++i) {
    // In place: nothing needs a convolution's result before its ReLU.
    x = ops::conv2d(x, convs_[i]->weight, {.padding = 1}, convs_[i]->bias).relu_();
    if (!kLayers[i].ends_slice) continue;
    maps.push_back(x);
    if (i + 1 < kLayers.size()) x = torch::max_pool2d(x, 2, 2);
  }
  return maps;
}

Vgg16 load_vgg16(const StateDict& state, std::string_view what) {
  Vgg16 network;
  StateDict needed;
  for (const auto& [key, tensor] : state_of(*network)) {
    if (const auto found = state.find(key); found != state.end()) needed.insert(*found);
  }
  load_strict(*network, needed, what);
  for (auto& parameter : network->parameters()) parameter.set_requires_grad(false);
  network->eval();
  return network;
}

Vgg16 load_vgg16(const std::vector<std::pair<Tensor, Tensor>>& convolutions, std::string_view what) {
  require(convolutions.size() == 13, "{}: has {} convolutions of 3×3, expected the 13 of VGG-16", what,
          convolutions.size());
  StateDict state;
  for (size_t i = 0; i < kLayers.size(); ++i) {
    const std::string name = fmt::format("features.{}.", kLayers[i].index);
    state[name + "weight"] = convolutions[i].first;
    state[name + "bias"] = convolutions[i].second;
  }
  return load_vgg16(state, what);
}

}  // namespace lifted::nets
