#include "lifted/nets/inception_v3.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/device.h"
#include "lifted/base/error.h"
#include "lifted/nets/load.h"
#include "lifted/ops/pool.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

constexpr int64_t kSide = 299, kChunk = 8;
constexpr int64_t kAllChannels = 1 << 20;  // of a ReLU
constexpr double kEpsilon = 0.001;
constexpr auto kInceptionFormat = torch::MemoryFormat::ChannelsLast;

const ops::PoolOptions kHalf = {.stride = 2}, kAverage = {.padding = 1, .mean = true, .relu = true};

/// Where TensorFlow 1 sampled: output pixel i at i · size / 299, edges repeated.
Tensor resize_like_tensorflow(const Tensor& x) {
  const auto shift = [](int64_t size) { return 1.0 / static_cast<double>(size) - 1.0 / kSide; };
  const Tensor theta = constant({1.0, 0.0, shift(x.size(3)), 0.0, 1.0, shift(x.size(2))}, {1, 2, 3}, x.options())
                           .expand({x.size(0), 2, 3});
  const Tensor grid = at::affine_grid_generator(theta, {x.size(0), 3, kSide, kSide}, false);
  return at::grid_sampler(x, grid, /*bilinear*/ 0, /*border*/ 1, false);
}

/// The published layers as modules, for strict loading.
std::shared_ptr<torch::nn::Module> make_layout() {
  auto root = std::make_shared<torch::nn::Module>();
  for (const auto& layer : inception_layers()) {
    auto parent = root;
    std::string name = layer.name;
    if (const auto dot = name.find('.'); dot != std::string::npos) {
      const std::string block = name.substr(0, dot);
      name = name.substr(dot + 1);
      const auto known = root->named_children();
      parent =
          known.contains(block) ? known[block] : root->register_module(block, std::make_shared<torch::nn::Module>());
    }
    const auto pair = parent->register_module(name, std::make_shared<torch::nn::Module>());
    const torch::nn::Conv2dOptions options(layer.in, layer.out, {layer.height, layer.width});
    pair->register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(options).bias(false)));
    pair->register_module("bn", torch::nn::BatchNorm2d(layer.out));
  }
  return root;
}

/// Convolution and normalization in one: weight and bias, computed in float64.
std::pair<Tensor, Tensor> folded(const StateDict& state, const std::string& layer) {
  const auto get = [&](const char* name) { return state.at(layer + name).to(torch::kFloat64); };
  const Tensor scale = get(".bn.weight") / (get(".bn.running_var") + kEpsilon).sqrt();
  return {(get(".conv.weight") * scale.view({-1, 1, 1, 1})).to(torch::kFloat32),
          (get(".bn.bias") - get(".bn.running_mean") * scale).to(torch::kFloat32)};
}

}  // namespace

const ops::PackedConvolution& InceptionV3Impl::Convolution::packed() const {
  const std::pair<const void*, int64_t> from = {weight.data_ptr(), static_cast<int64_t>(weight._version())};
  if (packed_from_ != from) packed_ = {weight, bias, options};
  packed_from_ = from;
  return packed_;
}

/// Branches beside one another in one tensor, into which each is written.
class InceptionV3Impl::Join {
 public:
  Join(const Tensor& like, int64_t channels, int64_t side)
      : all_(at::empty({like.size(0), channels, side, side}, like.options().memory_format(kInceptionFormat))) {}

  /// The place for the next `channels`.
  Tensor next(int64_t channels) {
    filled_ += channels;
    return all_.narrow(1, filled_ - channels, channels);
  }
  const Tensor& all() const { return all_; }

 private:
  Tensor all_;
  int64_t filled_ = 0;
};

InceptionV3Impl::InceptionV3Impl(InceptionInput input) : input_(input) {
  for (const auto& layer : inception_layers()) {
    auto& part = parts_[layer.part];
    part.widths.push_back(layer.out);
    int64_t out = 0;
    for (const int64_t width : part.widths) out += width;
    part.weight = torch::zeros({out, layer.in, layer.height, layer.width});
    part.bias = torch::zeros({out});
    part.options = {.stride = layer.stride, .padding = {layer.pad_y(), layer.pad_x()}};
  }
  for (auto& [name, part] : parts_) {
    std::string flat = name;
    std::ranges::replace(flat, '.', '_');
    part.weight = register_parameter(flat + "_weight", part.weight.contiguous(kInceptionFormat), false);
    part.bias = register_parameter(flat + "_bias", part.bias, false);
  }
}

Tensor InceptionV3Impl::layer(const std::string& name, const Tensor& x) const {
  return parts_.at(name).packed()(x, kAllChannels);
}

void InceptionV3Impl::chain(const std::string& block, const std::vector<std::string>& names, Tensor x,
                            Join& join) const {
  for (size_t i = 0; i + 1 < names.size(); ++i) x = layer(block + "." + names[i], x);
  const auto& last = parts_.at(block + "." + names.back());
  last.packed().run(x, kAllChannels, join.next(last.weight.size(0)));
}

std::vector<Tensor> InceptionV3Impl::heads(const std::string& block, const Tensor& x, size_t linear) const {
  const auto& part = parts_.at(block + ".heads");
  int64_t positive = 0;
  for (size_t i = 0; i + linear < part.widths.size(); ++i) positive += part.widths[i];
  return part.packed()(x, positive).split_with_sizes(part.widths, 1);
}

Tensor InceptionV3Impl::block_a(const std::string& name, const Tensor& x) const {
  const auto head = heads(name, x, 1);
  Join join(x, 64 + 64 + 96 + head[3].size(1), x.size(2));
  join.next(64).copy_(head[0]);
  chain(name, {"branch5x5_2"}, head[1], join);
  chain(name, {"branch3x3dbl_2", "branch3x3dbl_3"}, head[2], join);
  ops::pool3x3_into(head[3], kAverage, join.next(head[3].size(1)));
  return join.all();
}

Tensor InceptionV3Impl::block_b(const Tensor& x) const {
  Join join(x, 384 + 96 + 288, (x.size(2) - 1) / 2);
  chain("Mixed_6a", {"branch3x3"}, x, join);
  chain("Mixed_6a", {"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}, x, join);
  ops::pool3x3_into(x, kHalf, join.next(288));
  return join.all();
}

Tensor InceptionV3Impl::block_c(const std::string& name, const Tensor& x) const {
  const auto head = heads(name, x, 1);
  Join join(x, 4 * 192, x.size(2));
  join.next(192).copy_(head[0]);
  chain(name, {"branch7x7_2", "branch7x7_3"}, head[1], join);
  chain(name, {"branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4", "branch7x7dbl_5"}, head[2], join);
  ops::pool3x3_into(head[3], kAverage, join.next(192));
  return join.all();
}

Tensor InceptionV3Impl::block_d(const Tensor& x) const {
  const auto head = heads("Mixed_7a", x, 0);
  Join join(x, 320 + 192 + 768, (x.size(2) - 1) / 2);
  chain("Mixed_7a", {"branch3x3_2"}, head[0], join);
  chain("Mixed_7a", {"branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"}, head[1], join);
  ops::pool3x3_into(x, kHalf, join.next(768));
  return join.all();
}

Tensor InceptionV3Impl::block_e(const std::string& name, const Tensor& x) const {
  const bool average = parts_.at(name + ".heads").widths.size() == 4;
  const auto head = heads(name, x, average ? 1 : 0);
  const Tensor twice = layer(name + ".branch3x3dbl_2", head[2]);
  Join join(x, 320 + 4 * 384 + 192, x.size(2));
  join.next(320).copy_(head[0]);
  chain(name, {"branch3x3_2a"}, head[1], join);
  chain(name, {"branch3x3_2b"}, head[1], join);
  chain(name, {"branch3x3dbl_3a"}, twice, join);
  chain(name, {"branch3x3dbl_3b"}, twice, join);
  if (average) {
    ops::pool3x3_into(head[3], kAverage, join.next(192));
  } else {
    chain(name, {"branch_pool"}, ops::pool3x3(x, {.padding = 1}), join);
  }
  return join.all();
}

Tensor InceptionV3Impl::prepare(const Tensor& images) const {
  TORCH_CHECK(images.dim() == 4 && images.size(1) == 3 && images.size(2) > 0 && images.size(3) > 0,
              "Inception needs images of shape B×3×H×W, got ", images.sizes());
  const Tensor x = images.to(torch::kFloat32);
  if (input_ == InceptionInput::pytorch_fid)
    return at::upsample_bilinear2d(x, {kSide, kSide}, false).contiguous(kInceptionFormat);
  return (resize_like_tensorflow(x * 127.5 + 127.5).sub_(128).div_(128)).contiguous(kInceptionFormat);
}

std::vector<Tensor> InceptionV3Impl::blocks(const Tensor& prepared) const {
  const torch::NoGradGuard guard;
  std::vector<Tensor> outputs;
  Tensor x = layer("Conv2d_2a_3x3", layer("Conv2d_1a_3x3", prepared));
  outputs.push_back(x = ops::pool3x3(layer("Conv2d_2b_3x3", x), kHalf));
  x = layer("Conv2d_3b_1x1", x);
  outputs.push_back(x = ops::pool3x3(layer("Conv2d_4a_3x3", x), kHalf));
  for (const char* name : {"Mixed_5b", "Mixed_5c", "Mixed_5d"}) x = block_a(name, x);
  x = block_b(x);
  for (const char* name : {"Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"}) x = block_c(name, x);
  outputs.push_back(x);
  x = block_d(x);
  for (const char* name : {"Mixed_7b", "Mixed_7c"}) x = block_e(name, x);
  outputs.push_back(x.mean({2, 3}, true));
  return outputs;
}

Tensor InceptionV3Impl::forward(const Tensor& images) const {
  const torch::NoGradGuard guard;
  std::vector<Tensor> features;
  // A few images at a time: their maps stay in the caches.
  for (const Tensor& chunk : images.split(kChunk)) features.push_back(blocks(prepare(chunk)).back().flatten(1));
  return torch::cat(features);
}

InceptionV3 load_inception_v3(const StateDict& state, std::string_view what, InceptionInput input) {
  const torch::NoGradGuard guard;
  const auto layout = make_layout();
  const StateDict own = state_of(*layout);
  StateDict given;
  for (const auto& [name, tensor] : state)
    if (!name.starts_with("fc.")) given[name] = tensor;
  for (const auto& [name, tensor] : own)
    if (name.ends_with(".num_batches_tracked")) given[name] = tensor;  // counts training steps; old files lack it
  load_strict(*layout, given, what);
  std::map<std::string, std::pair<std::vector<Tensor>, std::vector<Tensor>>> parts;
  for (const auto& layer : inception_layers()) {
    const auto [weight, bias] = folded(own, layer.name);
    require(bias.isfinite().all().item<bool>() && weight.isfinite().all().item<bool>(),
            "{}: the variances of {} are no variances", what, layer.name);
    parts[layer.part].first.push_back(weight);
    parts[layer.part].second.push_back(bias);
  }
  InceptionV3 network(input);
  StateDict merged;
  for (const auto& [name, part] : parts) {
    std::string flat = name;
    std::ranges::replace(flat, '.', '_');
    merged[flat + "_weight"] = torch::cat(part.first);
    merged[flat + "_bias"] = torch::cat(part.second);
  }
  load_strict(*network, merged, what);
  network->eval();
  return network;
}

}  // namespace lifted::nets
