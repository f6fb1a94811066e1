#include "lifted/model/inception_program.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/model/torchscript.h"

namespace lifted::model {
namespace {
using torch::Tensor;

bool contains(const std::string& text, std::initializer_list<const char*> words) {
  return std::ranges::any_of(words, [&](const char* word) { return text.find(word) != std::string::npos; });
}

/// The published layer that a tensor belongs to, or null: the longest of the matching names, since "conv" begins
/// "conv_1".
const nets::InceptionLayer* layer_of(const std::string& name) {
  const nets::InceptionLayer* best = nullptr;
  for (const auto& layer : nets::inception_layers())
    if (name.starts_with(layer.program + "_") && (!best || layer.program.size() > best->program.size())) best = &layer;
  return best;
}

/// What a tensor of a layer is called in pytorch-fid's layout, by its shape and the words in its name; empty: none.
std::string role_of(const std::string& rest, const Tensor& tensor) {
  if (tensor.dim() == 4) return ".conv.weight";
  if (tensor.dim() != 1) return "";
  if (contains(rest, {"var"})) return ".bn.running_var";
  if (contains(rest, {"mean"})) return ".bn.running_mean";
  if (contains(rest, {"beta", "bias"})) return ".bn.bias";
  return contains(rest, {"gamma", "weight", "scale"}) ? ".bn.weight" : "";
}

Tensor test_image_bytes() {
  const Tensor y = torch::arange(96).view({1, 1, 96, 1}), x = torch::arange(80).view({1, 1, 1, 80}),
               c = torch::arange(3).view({1, 3, 1, 1});
  return (((x * 0.11 + c).sin() + (y * (0.07 + 0.02 * c)).cos() + ((x + y) * 0.31).sin()) * 42 + 127.5).round();
}

}  // namespace

Tensor inception_test_image() {
  return test_image_bytes() / 127.5 - 1;
}

StateDict inception_state_of(const std::vector<std::pair<std::string, Tensor>>& tensors, const std::string& what) {
  StateDict state;
  for (const auto& [name, tensor] : tensors) {
    std::string flat = name;
    std::ranges::replace(flat, '.', '_');
    if (flat.starts_with("output_") || flat.ends_with("num_batches_tracked")) continue;  // the classifier; a counter
    const auto* layer = layer_of(flat);
    const std::string role = layer ? role_of(flat.substr(layer->program.size()), tensor) : "";
    require(!role.empty(), "{}: the tensor {} is none of the InceptionV3 that NVIDIA publishes", what, name);
    require(state.emplace(layer->name + role, tensor).second, "{}: {} and another tensor have the same place", what,
            name);
  }
  // TensorFlow's release normalizes without a scale.
  for (const auto& layer : nets::inception_layers())
    state.try_emplace(layer.name + ".bn.weight", torch::ones({layer.out}));
  return state;
}

nets::InceptionV3 load_inception_program(const std::filesystem::path& path) {
  const FeatureProgram program(path);
  const auto network = nets::load_inception_v3(inception_state_of(program.tensors(), path.string()), path.string(),
                                               nets::InceptionInput::tensorflow);
  const Tensor published = program.run(test_image_bytes(), {{"return_features", true}});
  const Tensor ours = network->forward(inception_test_image());
  require(published.sizes() == ours.sizes(), "{}: its features are no 2048 numbers an image", path.string());
  const double error = ((published - ours).abs().max() / ours.abs().max()).item<double>();
  require(error < 1e-3,
          "{}: its own features of a test image are {:.1e} off those of the InceptionV3 its parameters fit",
          path.string(), error);
  return network;
}

}  // namespace lifted::model
