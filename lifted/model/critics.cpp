#include "lifted/model/critics.h"

#include "lifted/base/error.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/network_kind.h"
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

}  // namespace

nets::Vgg16 load_vgg16(const std::filesystem::path& path) {
  return nets::load_vgg16(formats::tensors_of(read_kind(path, NetworkKind::vgg).root), path.string());
}

nets::FaceEmbedding load_face_embedding(const std::filesystem::path& path) {
  const auto checkpoint = read_kind(path, NetworkKind::face_embedding);
  if (checkpoint.kind == formats::FileKind::safetensors)
    return nets::load_face_embedding(formats::tensors_of(checkpoint.root), path.string());
  return nets::load_face_embedding(formats::tensors_of(checkpoint.root.at("model_state_dict"), "module."),
                                   path.string() + ": model_state_dict");
}

void save_face_embedding(const std::filesystem::path& path, const nets::FaceEmbedding& network,
                         const nlohmann::json& provenance) {
  save(path, *network, {{"format", kFaceEmbeddingFormat}, {"network", network->config().to_json()}}, provenance);
}

}  // namespace lifted::model
