#include "lifted/nets/face_embedding.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/device.h"
#include "lifted/base/json.h"
#include "lifted/nets/load.h"
#include "lifted/nets/run_conv.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

constexpr int kStages = 4, kReduction = 16;  // conv1 halves the side, three of the stages too
constexpr auto kFaceFormat = torch::MemoryFormat::ChannelsLast;

torch::nn::Conv2d make_plain_conv(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding) {
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding).bias(false));
  conv->weight.set_data(conv->weight.detach().contiguous(kFaceFormat));
  return conv;
}

torch::nn::PReLU make_prelu(int64_t channels) {
  return torch::nn::PReLU(torch::nn::PReLUOptions().num_parameters(channels));
}

/// The shape of a tensor of the state, which must have that many dimensions.
std::vector<int64_t> shape_of(const StateDict& state, const std::string& key, size_t dimensions,
                              std::string_view what) {
  const auto found = state.find(key);
  require(found != state.end(), "{}: is no face embedding: it has no tensor {}", what, key);
  require(found->second.dim() == static_cast<int64_t>(dimensions), "{}: the tensor {} has {} dimensions, expected {}",
          what, key, found->second.dim(), dimensions);
  return found->second.sizes().vec();
}

StateDict without_prefix(const StateDict& state, std::string_view prefix) {
  StateDict result;
  for (const auto& [key, tensor] : state) result[key.rfind(prefix, 0) == 0 ? key.substr(prefix.size()) : key] = tensor;
  return result;
}

}  // namespace

nlohmann::json FaceEmbeddingConfig::to_json() const {
  return {{"size", size}, {"dimensions", dimensions}, {"widths", widths}, {"blocks", blocks}, {"dropout", dropout}};
}

FaceEmbeddingConfig FaceEmbeddingConfig::from_json(const nlohmann::json& json) {
  FaceEmbeddingConfig config;
  const auto read = [&](const char* key, auto& value) {
    read_field(json, key, "the face embedding's configuration", value);
  };
  read("size", config.size);
  read("dimensions", config.dimensions);
  read("widths", config.widths);
  read("blocks", config.blocks);
  read("dropout", config.dropout);
  config.validate();
  return config;
}

void FaceEmbeddingConfig::validate() const {
  const auto positive = [](const std::vector<int>& values) {
    return values.size() == kStages &&
           std::ranges::all_of(values, [](int value) { return value >= 1 && value <= 4096; });
  };
  require(size >= kReduction && size <= 1024 && size % kReduction == 0,
          "a face embedding's image side must be a multiple of {} from {} to 1024, got {}", kReduction, kReduction,
          size);
  require(dimensions >= 1 && dimensions <= 65536, "a face embedding must have 1 to 65536 dimensions, got {}",
          dimensions);
  require(positive(widths) && positive(blocks), "a face embedding needs the widths and blocks of {} stages", kStages);
  require(dropout >= 0 && dropout < 1, "a face embedding's dropout must be from 0 to below 1, got {}", dropout);
}

FaceEmbeddingConfig named_face_embedding(std::string_view name) {
  if (name == "lresnet18") return {};
  if (name == "small")
    return {.size = 64, .dimensions = 256, .widths = {24, 48, 96, 192}, .blocks = {1, 1, 1, 1}, .dropout = 0};
  usage_error("--arch {}: expected lresnet18 or small", name);
}

FaceEmbeddingConfig infer_face_embedding_config(const StateDict& state, std::string_view what) {
  FaceEmbeddingConfig config;
  for (int stage = 0; stage < kStages; ++stage) {
    const auto block = [&](int i) { return fmt::format("layer{}.{}.conv1.weight", stage + 1, i); };
    config.widths[static_cast<size_t>(stage)] = static_cast<int>(shape_of(state, block(0), 4, what)[0]);
    int count = 1;
    while (state.count(block(count))) ++count;
    config.blocks[static_cast<size_t>(stage)] = count;
  }
  const auto linear = shape_of(state, "fc5.weight", 2, what);
  const auto cells = static_cast<double>(linear[1]) / config.widths.back();
  config.dimensions = static_cast<int>(linear[0]);
  config.size = static_cast<int>(std::lround(std::sqrt(cells))) * kReduction;
  config.validate();
  return config;
}

IrBlockImpl::IrBlockImpl(int64_t in, int64_t out, int64_t stride) {
  bn0_ = register_module("bn0", torch::nn::BatchNorm2d(in));
  conv1_ = register_module("conv1", make_plain_conv(in, out, 3, 1, 1));
  bn1_ = register_module("bn1", torch::nn::BatchNorm2d(out));
  prelu_ = register_module("prelu", make_prelu(out));
  conv2_ = register_module("conv2", make_plain_conv(out, out, 3, stride, 1));
  bn2_ = register_module("bn2", torch::nn::BatchNorm2d(out));
  if (stride == 1 && in == out) return;
  downsample_ = register_module(
      "downsample", torch::nn::Sequential(make_plain_conv(in, out, 1, stride, 0), torch::nn::BatchNorm2d(out)));
}

Tensor IrBlockImpl::forward(const Tensor& x) {
  const Tensor inner = prelu_->forward(bn1_->forward(run_conv(*conv1_, bn0_->forward(x))));
  const Tensor residual = bn2_->forward(run_conv(*conv2_, inner));
  if (downsample_.is_empty()) return residual + x;
  auto& norm = *downsample_->ptr(1)->as<torch::nn::BatchNorm2d>();
  return residual + norm.forward(run_conv(*downsample_->ptr(0)->as<torch::nn::Conv2d>(), x));
}

FaceEmbeddingImpl::FaceEmbeddingImpl(FaceEmbeddingConfig config) : config_(std::move(config)) {
  config_.validate();
  const auto& widths = config_.widths;
  conv1_ = register_module("conv1", make_plain_conv(3, widths[0], 4, 2, 1));
  bn1_ = register_module("bn1", torch::nn::BatchNorm2d(widths[0]));
  act_layer_ = register_module("act_layer", make_prelu(widths[0]));
  int64_t in = widths[0];
  for (size_t stage = 0; stage < kStages; ++stage) {
    torch::nn::Sequential layer;
    for (int block = 0; block < config_.blocks[stage]; ++block) {
      layer->push_back(IrBlock(in, widths[stage], stage > 0 && block == 0 ? 2 : 1));
      in = widths[stage];
    }
    layers_.push_back(register_module("layer" + std::to_string(stage + 1), layer));
  }
  const int64_t side = config_.size / kReduction;
  bn4_ = register_module("bn4", torch::nn::BatchNorm2d(in));
  fc5_ = register_module("fc5", torch::nn::Linear(in * side * side, config_.dimensions));
  bn5_ = register_module("bn5", torch::nn::BatchNorm1d(config_.dimensions));
}

std::vector<Tensor> FaceEmbeddingImpl::stages(const Tensor& image) {
  TORCH_CHECK(image.dim() == 4 && image.size(1) == 3 && image.size(3) == image.size(2) && image.size(2) > 0 &&
                  image.size(2) % kReduction == 0,
              "the face network's stages need images of shape B×3×S×S with S a multiple of ", kReduction, ", got ",
              image.sizes());
  Tensor x = act_layer_->forward(bn1_->forward(conv1_->forward(image.contiguous(kFaceFormat))));
  std::vector<Tensor> results;
  for (auto& layer : layers_) results.push_back(x = layer->forward(x));
  return results;
}

Tensor FaceEmbeddingImpl::forward(const Tensor& image) {
  return torch::nn::functional::normalize(features(image), torch::nn::functional::NormalizeFuncOptions().dim(1));
}

Tensor FaceEmbeddingImpl::features(const Tensor& image) {
  const int64_t size = config_.size, side = image.dim() == 4 ? image.size(2) : 0;
  TORCH_CHECK(image.dim() == 4 && image.size(1) == 3 && image.size(3) == side && side >= size && side % size == 0,
              "the face embedding needs images of shape B×3×S×S with S a multiple of ", size, ", got ", image.sizes());
  const Tensor last = bn4_->forward(stages(side == size ? image : torch::avg_pool2d(image, side / size)).back());
  // The linear layer's weights count channels first.
  const Tensor flat = dropped_out(last).contiguous().flatten(1);
  return bn5_->forward(fc5_->forward(flat));
}

Tensor FaceEmbeddingImpl::dropped_out(const Tensor& x) const {
  if (!is_training() || config_.dropout == 0) return x;
  TORCH_CHECK(dropout_generator_, "the face network's dropout needs a generator to train");
  const Tensor drawn = torch::rand(x.sizes(), *dropout_generator_).ge(config_.dropout).to(x.scalar_type());
  const Tensor kept = to_device(drawn, x.device());
  return x * kept / (1 - config_.dropout);
}

FaceEmbedding load_face_embedding(const StateDict& state, std::string_view what) {
  const StateDict named = without_prefix(state, "module.");
  FaceEmbedding network(infer_face_embedding_config(named, what));
  load_strict(*network, named, what);
  for (auto& parameter : network->parameters()) parameter.set_requires_grad(false);
  network->eval();
  return network;
}

}  // namespace lifted::nets
