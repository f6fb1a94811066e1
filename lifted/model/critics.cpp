#include "lifted/model/critics.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lifted/base/error.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/inception_program.h"
#include "lifted/model/named_errors.h"
#include "lifted/model/network_kind.h"
#include "lifted/model/torchscript.h"
#include "lifted/nets/load.h"

namespace lifted::model {
namespace {

/// Reads a checkpoint that must be of one kind.
formats::Checkpoint read_kind(const std::filesystem::path& path, NetworkKind wanted) {
  formats::Checkpoint checkpoint = formats::read_checkpoint(path);
  const NetworkKind kind = recognize(checkpoint);
  const std::string_view usage = how_to_use(kind);
  require(kind == wanted, "{}: is {}, expected {}{}{}", path.string(), what_it_is(kind), what_it_is(wanted),
          usage.empty() ? "" : "; ", usage);
  return checkpoint;
}

void save(const std::filesystem::path& path, const torch::nn::Module& network, nlohmann::json metadata,
          const nlohmann::json& provenance) {
  metadata["format_version"] = 1;
  metadata["provenance"] = provenance;
  formats::write_safetensors(path, nets::state_of(network), metadata);
}

/// The 3×3 convolutions among a program's parameters, in their order.
nets::Vgg16 load_vgg16_program(const std::filesystem::path& path) {
  std::map<std::string, torch::Tensor> biases;
  std::vector<std::pair<std::string, torch::Tensor>> weights;
  constexpr std::string_view kWeight = ".weight", kBias = ".bias";
  for (const auto& [name, tensor] : torchscript_parameters(path)) {
    if (name.ends_with(kBias)) biases[name.substr(0, name.size() - kBias.size())] = tensor;
    if (name.ends_with(kWeight) && tensor.dim() == 4 && tensor.size(2) == 3 && tensor.size(3) == 3)
      weights.emplace_back(name.substr(0, name.size() - kWeight.size()), tensor);
  }
  std::vector<std::pair<torch::Tensor, torch::Tensor>> convolutions;
  for (const auto& [name, weight] : weights) {
    require(biases.contains(name), "{}: the convolution {} has no bias, expected VGG-16", path.string(), name);
    convolutions.emplace_back(weight, biases[name]);
  }
  return nets::load_vgg16(convolutions, path.string());
}

}  // namespace

nets::Vgg16 load_vgg16(const std::filesystem::path& path) {
  return with_name(path.string(), [&] {
    if (is_torchscript(path)) return load_vgg16_program(path);
    return nets::load_vgg16(formats::tensors_of(read_kind(path, NetworkKind::vgg).root), path.string());
  });
}

nets::InceptionV3 load_inception(const std::filesystem::path& path) {
  return with_name(path.string(), [&] {
    if (is_torchscript(path)) return load_inception_program(path);
    return nets::load_inception_v3(formats::tensors_of(read_kind(path, NetworkKind::inception).root), path.string());
  });
}

nets::FaceEmbedding load_face_embedding(const std::filesystem::path& path) {
  return with_name(path.string(), [&] {
    const auto checkpoint = read_kind(path, NetworkKind::face_embedding);
    if (checkpoint.kind == formats::FileKind::safetensors)
      return nets::load_face_embedding(formats::tensors_of(checkpoint.root), path.string());
    return nets::load_face_embedding(formats::tensors_of(checkpoint.root.at("model_state_dict"), "module."),
                                     path.string() + ": model_state_dict");
  });
}

void save_face_embedding(const std::filesystem::path& path, const nets::FaceEmbedding& network,
                         const nlohmann::json& provenance) {
  save(path, *network, {{"format", kFaceEmbeddingFormat}, {"network", network->config().to_json()}}, provenance);
}

nets::ViewLightProbe load_view_light_probe(const std::filesystem::path& path) {
  return with_name(path.string(), [&] {
    const auto checkpoint = read_kind(path, NetworkKind::view_light_probe);
    return nets::load_view_light_probe(formats::tensors_of(checkpoint.root), path.string());
  });
}

void save_view_light_probe(const std::filesystem::path& path, const nets::ViewLightProbe& network,
                           const nlohmann::json& provenance) {
  save(path, *network, {{"format", kViewLightProbeFormat}, {"trunk", network->config().to_json()}}, provenance);
}

nets::ImageDepthNet load_image_depth_net(const std::filesystem::path& path) {
  return with_name(path.string(), [&] {
    const auto checkpoint = read_kind(path, NetworkKind::image_depth);
    return nets::load_image_depth_net(formats::tensors_of(checkpoint.root), path.string());
  });
}

void save_image_depth_net(const std::filesystem::path& path, const nets::ImageDepthNet& network,
                          const nlohmann::json& provenance) {
  save(path, *network, {{"format", kImageDepthFormat}, {"network", network->config().to_json()}}, provenance);
}

}  // namespace lifted::model
