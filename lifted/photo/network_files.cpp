#include "lifted/photo/network_files.h"

#include "lifted/base/error.h"
#include "lifted/base/json.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/formats/embedded.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/builtin.h"
#include "lifted/model/named_errors.h"
#include "lifted/model/network_file.h"
#include "lifted/model/network_kind.h"
#include "lifted/nets/load.h"

namespace lifted::photo {
namespace {
namespace fs = std::filesystem;
using model::NetworkKind;

/// Bytes that the program carries; none where it was built without them.
struct Builtin {
  const unsigned char* bytes;
  unsigned long size;
};

/// A file, or what the program carries where the path is "builtin".
formats::Checkpoint read_network(const fs::path& path, NetworkKind wanted, const Builtin& builtin) {
  const bool is_builtin = path == model::kBuiltinNetwork;
  require(!is_builtin || builtin.size > 0, "builtin: expected {}, but this program was built without one; pass a file",
          model::what_it_is(wanted));
  const auto* first = reinterpret_cast<const std::byte*>(builtin.bytes);
  auto checkpoint = is_builtin ? formats::read_checkpoint(formats::ByteSource::adopt(Bytes(first, first + builtin.size),
                                                                                     model::kBuiltinNetwork))
                               : formats::read_checkpoint(path);
  const NetworkKind kind = model::recognize(checkpoint);
  const std::string_view usage = model::how_to_use(kind);
  require(kind == wanted, "{}: is {}, expected {}{}{}", path.string(), model::what_it_is(kind),
          model::what_it_is(wanted), usage.empty() ? "" : "; ", usage);
  return checkpoint;
}

Builtin builtin_encoder() {
  return {embedded::builtin_encoder, embedded::builtin_encoder_size};
}

Builtin builtin_landmark_net() {
  return {embedded::builtin_landmark_net, embedded::builtin_landmark_net_size};
}

void save(const fs::path& path, const torch::nn::Module& network, nlohmann::json metadata,
          const nlohmann::json& provenance) {
  StateDict state;
  for (const auto& [key, tensor] : nets::state_of(network))
    state[key] = tensor.is_floating_point() ? tensor.detach().to(torch::kFloat16) : tensor.detach();
  metadata["format_version"] = 1;
  metadata["provenance"] = provenance;
  formats::write_safetensors(path, state, metadata);
}

}  // namespace

bool has_builtin_encoder() {
  return builtin_encoder().size > 0;
}

bool has_builtin_landmark_net() {
  return builtin_landmark_net().size > 0;
}

EncoderFile load_image_encoder(const fs::path& path) {
  return model::with_name(path.string(), [&] {
    const auto checkpoint = read_network(path, NetworkKind::image_encoder, builtin_encoder());
    EncoderFile file{load_image_encoder(formats::tensors_of(checkpoint.root), path.string()), ""};
    file.generator = json_field<std::string>(checkpoint.metadata, "generator_sha256", path.string());
    return file;
  });
}

void save_image_encoder(const fs::path& path, const EncoderFile& encoder, const nlohmann::json& provenance) {
  save(path, *encoder.network,
       {{"format", model::kImageEncoderFormat},
        {"trunk", encoder.network->config().to_json()},
        {"generator_sha256", encoder.generator}},
       provenance);
}

ImageEncoder load_encoder_of(const fs::path& path, const nets::Stylegan2Generator& generator) {
  auto file = load_image_encoder(path);
  require(file.generator == model::generator_fingerprint(generator),
          "--encoder {}: reads codes of another generator than that of --network; `train-encoder --network` makes one "
          "for it",
          path.string());
  return file.network;
}

LandmarkNet load_landmark_net(const fs::path& path) {
  return model::with_name(path.string(), [&] {
    const auto checkpoint = read_network(path, NetworkKind::landmark_net, builtin_landmark_net());
    return load_landmark_net(formats::tensors_of(checkpoint.root), path.string());
  });
}

void save_landmark_net(const fs::path& path, const LandmarkNet& network, const nlohmann::json& provenance) {
  save(path, *network, {{"format", model::kLandmarkNetFormat}, {"trunk", network->config().to_json()}}, provenance);
}

}  // namespace lifted::photo
