#include "lifted/model/network_kind.h"

#include <algorithm>
#include <string>

#include "lifted/base/error.h"
#include "lifted/formats/nvidia_pickle.h"
#include "lifted/model/codes.h"
#include "lifted/model/generator_state.h"

namespace lifted::model {
namespace {

using formats::Value;

bool has(const Value& dict, std::string_view key) {
  return dict.find(key) != nullptr;
}

bool has_dict(const Value& dict, std::string_view key) {
  const Value* entry = dict.find(key);
  return entry && entry->is_dict();
}

bool has_dict_of_lifting(const Value& root) {
  return root.is_dict() && std::ranges::any_of(std::array{"netD", "netT", "netSD", "netSC"},
                                               [&](const char* key) { return has_dict(root, key); });
}

NetworkKind recognize_state_dict(const Value& root) {
  if (has(root, "features.0.weight") && has(root, "features.28.weight")) return NetworkKind::vgg;
  if (has(root, "Conv2d_1a_3x3.conv.weight")) return NetworkKind::inception;
  return NetworkKind::unknown;
}

/// Which of NVIDIA's generators a module is.
NetworkKind recognize_nvidia(const Value& module) {
  StateDict state;
  try {
    state = formats::module_state_dict(module);
  } catch (const Error&) {  // who loads it says what is wrong
    return NetworkKind::nvidia_ada;
  }
  const auto begins = [&](const std::string& prefix) {
    const auto found = state.lower_bound(prefix);
    return found != state.end() && found->first.starts_with(prefix);
  };
  if (begins("backbone.synthesis.") || begins("superresolution.")) return NetworkKind::eg3d;
  if (state.count("synthesis.input.freqs")) return NetworkKind::stylegan3;
  return NetworkKind::nvidia_ada;
}

}  // namespace

NetworkKind recognize(const formats::Checkpoint& checkpoint) {
  const Value& root = checkpoint.root;
  const std::string format = checkpoint.metadata.value("format", "");
  if (format == kLiftedNetworkFormat) {
    return checkpoint.metadata.contains("generator_sha256") ? NetworkKind::lifting_networks
                                                            : NetworkKind::lifted_network;
  }
  if (format == kGanCheckpointFormat) {
    return has(root, "g_ema.input.input") ? NetworkKind::gan_checkpoint : NetworkKind::discriminator;
  }
  if (format == kFaceEmbeddingFormat) return NetworkKind::face_embedding;
  if (format == kViewLightProbeFormat) return NetworkKind::view_light_probe;
  if (format == kImageDepthFormat) return NetworkKind::image_depth;
  if (format == kImageEncoderFormat) return NetworkKind::image_encoder;
  if (format == kLandmarkNetFormat) return NetworkKind::landmark_net;
  if (find_generator(root) && !has_dict_of_lifting(root)) return NetworkKind::stylegan2;
  if (const auto nvidia = find_nvidia_generator(root)) return recognize_nvidia(nvidia->module);
  if (!root.is_dict()) return holds_codes(root) ? NetworkKind::codes : NetworkKind::unknown;
  if (has_dict_of_lifting(root)) return NetworkKind::liftedgan;
  if (has_dict(root, "g_ema")) return NetworkKind::stylegan2;
  if (has_dict(root, "d")) return NetworkKind::discriminator;
  if (has_dict(root, "model_state_dict")) return NetworkKind::face_embedding;
  return holds_codes(root) ? NetworkKind::codes : recognize_state_dict(root);
}

bool needs_generator(NetworkKind kind) {
  return kind == NetworkKind::liftedgan || kind == NetworkKind::lifting_networks;
}

std::string_view what_it_is(NetworkKind kind) {
  switch (kind) {
    case NetworkKind::lifted_network:
      return "a lifted network of this project";
    case NetworkKind::lifting_networks:
      return "the lifting networks of this project without their generator";
    case NetworkKind::stylegan2:
      return "a StyleGAN2 generator (rosinality's layout)";
    case NetworkKind::liftedgan:
      return "a LiftedGAN checkpoint: the lifting networks without their generator";
    case NetworkKind::nvidia_ada:
      return "an NVIDIA StyleGAN2-ADA network";
    case NetworkKind::stylegan3:
      return "an NVIDIA StyleGAN3 network";
    case NetworkKind::eg3d:
      return "an NVIDIA EG3D network";
    case NetworkKind::codes:
      return "a file of style codes";
    case NetworkKind::gan_checkpoint:
      return "a generator with its discriminator, to train on from";
    case NetworkKind::discriminator:
      return "a StyleGAN2 discriminator without a generator";
    case NetworkKind::face_embedding:
      return "a face recognition network";
    case NetworkKind::view_light_probe:
      return "a probe that reads view and light off an image";
    case NetworkKind::image_depth:
      return "a network that reads a head's depth off an image";
    case NetworkKind::image_encoder:
      return "an encoder that reads a style code off a picture";
    case NetworkKind::landmark_net:
      return "a network that finds the landmarks of a face";
    case NetworkKind::vgg:
      return "a VGG-16 image classifier";
    case NetworkKind::inception:
      return "an InceptionV3 image classifier";
    case NetworkKind::unknown:
      break;
  }
  return "a checkpoint that holds no network this project knows";
}

std::string_view how_to_use(NetworkKind kind) {
  switch (kind) {
    case NetworkKind::lifted_network:
      return "pass it as --network";
    case NetworkKind::lifting_networks:
      return "pass it as --network, with a network that has the same generator as --gan";
    case NetworkKind::stylegan2:
    case NetworkKind::nvidia_ada:
      return "pass it as --network for 2D samples, or as --gan beside the LiftedGAN checkpoint trained with it";
    case NetworkKind::stylegan3:
    case NetworkKind::eg3d:
      return "only StyleGAN2's architecture is supported";
    case NetworkKind::codes:
      return "pass it as --latents beside its --network";
    case NetworkKind::liftedgan:
      return "pass it as --network, with the StyleGAN2 file it was trained with as --gan";
    case NetworkKind::gan_checkpoint:
      return "pass it as --resume to train-gan";
    case NetworkKind::discriminator:
      return "pass it as --discriminator, and its generator as --resume, to train-gan";
    case NetworkKind::face_embedding:
      return "pass it as --embedding to train-lift or metrics";
    case NetworkKind::view_light_probe:
      return "pass it as --probe to metrics";
    case NetworkKind::image_depth:
      return "pass it as --depth to metrics";
    case NetworkKind::image_encoder:
      return "pass it as --encoder to project or metrics";
    case NetworkKind::landmark_net:
      return "pass it as --landmark-net to project or dataset align";
    case NetworkKind::vgg:
      return "pass it as --vgg to train-lift or metrics";
    case NetworkKind::inception:
      return "pass it as --inception to metrics";
    case NetworkKind::unknown:
      break;
  }
  return "";
}

}  // namespace lifted::model
