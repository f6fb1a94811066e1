#include "lifted/nets/upsampler.h"

#include <algorithm>
#include <vector>

#include "lifted/nets/run_conv.h"
#include "lifted/ops/group_norm_relu.h"

namespace lifted::nets {
namespace {

/// A stride-1 transposed convolution of a 1×1 map is a matrix product. code: B×z (×1×1) → B×C×k×k, channels_last.
torch::Tensor grow(const torch::Tensor& code, const torch::Tensor& weight) {
  const torch::Tensor matrix = weight.permute({0, 2, 3, 1}).reshape({weight.size(0), -1});
  return torch::mm(code.flatten(1), matrix)
      .view({code.size(0), weight.size(2), weight.size(3), weight.size(1)})
      .permute({0, 3, 1, 2});
}

torch::Tensor upconv(const torch::Tensor& x, const torch::nn::ConvTranspose2dImpl& layer) {
  const bool doubles = layer.options.stride()->at(0) == 2;
  return doubles ? ops::conv_transpose2d_stride2(x, layer.weight, 1) : grow(x, layer.weight);
}

torch::Tensor channels_last(const torch::Tensor& x) {
  return x.contiguous(torch::MemoryFormat::ChannelsLast);
}

/// Keeps the weight in channels_last memory from the start, so that no call has to convert it.
template <typename Layer>
Layer with_fast_layout(Layer layer) {
  layer->weight.set_data(channels_last(layer->weight.detach()));
  return layer;
}

}  // namespace

torch::nn::Conv2d make_conv(int in, int out, int kernel, bool bias) {
  return with_fast_layout(torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).bias(bias)));
}

torch::nn::ConvTranspose2d make_first_upconv(int in, int out) {
  return with_fast_layout(torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 4).bias(false)));
}

torch::nn::ConvTranspose2d make_upconv(int in, int out) {
  return with_fast_layout(
      torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 4).stride(2).padding(1).bias(false)));
}

ops::GroupNorm norm_of(const torch::nn::GroupNormImpl& norm) {
  return {norm.options.num_groups(), norm.weight, norm.bias, norm.options.eps()};
}

torch::nn::GroupNorm make_norm(int channels) {
  return torch::nn::GroupNorm(channels / 4, channels);
}

torch::Tensor run_layers(const torch::nn::Sequential& network, size_t first, size_t last, torch::Tensor x) {
  for (size_t i = first; i < last; ++i) {
    const auto layer = network->ptr(i);
    if (const auto* transposed = layer->as<torch::nn::ConvTranspose2d>()) {
      x = upconv(x, *transposed);
    } else if (const auto* conv = layer->as<torch::nn::Conv2d>()) {
      x = run_conv(*conv, channels_last(x));
    } else if (const auto* norm = layer->as<torch::nn::GroupNorm>()) {
      x = ops::group_norm_relu(channels_last(x), norm_of(*norm));
      ++i;  // The ReLU that follows.
    } else {
      x = torch::relu(x);
    }
  }
  return x;
}

torch::Tensor in_fixed_batches(const torch::Tensor& x, const std::function<torch::Tensor(const torch::Tensor&)>& f) {
  constexpr int64_t kBatch = 8;
  if (torch::GradMode::is_enabled() || !x.is_cpu() || x.size(0) == kBatch) return f(x);
  std::vector<torch::Tensor> parts;
  for (int64_t first = 0; first < x.size(0); first += kBatch) {
    const int64_t count = std::min(kBatch, x.size(0) - first);
    torch::Tensor part = x.narrow(0, first, count);
    if (count < kBatch) {
      torch::Tensor filled = torch::zeros({kBatch, x.size(1)}, x.options());
      filled.narrow(0, 0, count).copy_(part);
      part = filled;
    }
    parts.push_back(f(part).narrow(0, 0, count));
  }
  return parts.size() == 1 ? parts.front() : torch::cat(parts);
}

}  // namespace lifted::nets
