#include "lifted/nets/inception_v3.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/device.h"
#include "lifted/base/error.h"
#include "lifted/nets/load.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

constexpr int64_t kSide = 299, kChunk = 8;
constexpr double kEpsilon = 0.001;
constexpr auto kInceptionFormat = torch::MemoryFormat::ChannelsLast;

Tensor max_pool(const Tensor& x) {
  return at::max_pool2d(x, {3, 3}, {2, 2});
}

Tensor average_pool(const Tensor& x) {
  return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}, false, /*count_include_pad=*/false);
}

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

/// Branches beside one another in one tensor: ReLU and concatenation in a single pass over memory.
class InceptionV3Impl::Join {
 public:
  Join(const Tensor& like, int64_t channels, int64_t side)
      : all_(at::empty({like.size(0), channels, side, side}, like.options().memory_format(kInceptionFormat))) {}

  void add_relu(const Tensor& x) { at::clamp_min_out(next(x), x, 0); }
  void add(const Tensor& x) { next(x).copy_(x); }
  const Tensor& all() const { return all_; }

 private:
  Tensor& next(const Tensor& x) {
    slice_ = all_.narrow(1, filled_, x.size(1));
    filled_ += x.size(1);
    return slice_;
  }
  Tensor all_, slice_;
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

Tensor InceptionV3Impl::chain(const std::string& block, const std::vector<std::string>& names, Tensor x) const {
  for (size_t i = 0; i < names.size(); ++i) {
    x = parts_.at(block + "." + names[i])(x);
    if (i + 1 < names.size()) x.relu_();
  }
  return x;
}

// In the blocks, split parts of a shared convolution become dense by their ReLU, which has to pass over them anyway.

Tensor InceptionV3Impl::block_a(const std::string& name, const Tensor& x) const {
  const auto& heads = parts_.at(name + ".heads");
  const auto head = heads(x).split_with_sizes(heads.widths, 1);
  Join join(x, 64 + 64 + 96 + heads.widths[3], x.size(2));
  join.add_relu(head[0]);
  join.add_relu(chain(name, {"branch5x5_2"}, head[1].relu()));
  join.add_relu(chain(name, {"branch3x3dbl_2", "branch3x3dbl_3"}, head[2].relu()));
  join.add_relu(average_pool(head[3].contiguous(kInceptionFormat)));
  return join.all();
}

Tensor InceptionV3Impl::block_b(const Tensor& x) const {
  Join join(x, 384 + 96 + 288, (x.size(2) - 1) / 2);
  join.add_relu(chain("Mixed_6a", {"branch3x3"}, x));
  join.add_relu(chain("Mixed_6a", {"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}, x));
  join.add(max_pool(x));
  return join.all();
}

Tensor InceptionV3Impl::block_c(const std::string& name, const Tensor& x) const {
  const auto& heads = parts_.at(name + ".heads");
  const auto head = heads(x).split_with_sizes(heads.widths, 1);
  Join join(x, 4 * 192, x.size(2));
  join.add_relu(head[0]);
  join.add_relu(chain(name, {"branch7x7_2", "branch7x7_3"}, head[1].relu()));
  join.add_relu(chain(name, {"branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4", "branch7x7dbl_5"}, head[2].relu()));
  join.add_relu(average_pool(head[3].contiguous(kInceptionFormat)));
  return join.all();
}

Tensor InceptionV3Impl::block_d(const Tensor& x) const {
  const auto& heads = parts_.at("Mixed_7a.heads");
  const auto head = heads(x).split_with_sizes(heads.widths, 1);
  Join join(x, 320 + 192 + 768, (x.size(2) - 1) / 2);
  join.add_relu(chain("Mixed_7a", {"branch3x3_2"}, head[0].relu()));
  join.add_relu(chain("Mixed_7a", {"branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"}, head[1].relu()));
  join.add(max_pool(x));
  return join.all();
}

Tensor InceptionV3Impl::block_e(const std::string& name, const Tensor& x) const {
  const auto& heads = parts_.at(name + ".heads");
  const auto head = heads(x).split_with_sizes(heads.widths, 1);
  const Tensor once = head[1].relu();
  const Tensor twice = chain(name, {"branch3x3dbl_2"}, head[2].relu()).relu_();
  Join join(x, 320 + 4 * 384 + 192, x.size(2));
  join.add_relu(head[0]);
  join.add_relu(chain(name, {"branch3x3_2a"}, once));
  join.add_relu(chain(name, {"branch3x3_2b"}, once));
  join.add_relu(chain(name, {"branch3x3dbl_3a"}, twice));
  join.add_relu(chain(name, {"branch3x3dbl_3b"}, twice));
  if (head.size() == 4) {
    join.add_relu(average_pool(head[3].contiguous(kInceptionFormat)));
  } else {
    join.add_relu(chain(name, {"branch_pool"}, at::max_pool2d(x, {3, 3}, {1, 1}, {1, 1})));
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
  const auto part = [&](const char* name, const Tensor& x) { return parts_.at(name)(x); };
  // ReLU and maximum may change places, and after the pool there is less to pass over.
  Tensor x = part("Conv2d_2a_3x3", part("Conv2d_1a_3x3", prepared).relu_()).relu_();
  outputs.push_back(x = max_pool(part("Conv2d_2b_3x3", x)).relu_());
  x = part("Conv2d_3b_1x1", x).relu_();
  outputs.push_back(x = max_pool(part("Conv2d_4a_3x3", x)).relu_());
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
