// What a checkpoint file is, told from its content.
#pragma once

#include <string_view>

#include "lifted/formats/checkpoint.h"

namespace lifted::model {

enum class NetworkKind {
  lifted_network,    // this project's self-describing file
  lifting_networks,  // the same without its generator
  stylegan2,         // rosinality's layout: a dict with g_ema, or a generator's bare state dict
  liftedgan,         // the authors' checkpoint: netD, netT, netSD, netSC
  nvidia_ada,        // StyleGAN2-ADA pickle with G_ema
  stylegan3,         // NVIDIA's StyleGAN3
  eg3d,              // NVIDIA's EG3D
  codes,             // style codes, of a projector or of this project
  gan_checkpoint,    // this project's: generator and discriminator, to train on from
  discriminator,     // rosinality's layout without a generator
  face_embedding,    // this project's, or model_state_dict of the authors' face recognition network
  view_light_probe,  // this project's, from train-probe
  image_depth,       // this project's, from train-depth
  image_encoder,     // this project's, from train-encoder
  landmark_net,      // this project's, from train-landmarks
  vgg,               // torchvision's VGG-16
  inception,         // InceptionV3 for FID
  unknown
};

/// What the metadata entry "format" of this project's files says.
constexpr const char* kLiftedNetworkFormat = "lifted-network";
constexpr const char* kGanCheckpointFormat = "lifted-gan-checkpoint";
constexpr const char* kFaceEmbeddingFormat = "lifted-face-embedding";
constexpr const char* kViewLightProbeFormat = "lifted-view-light-probe";
constexpr const char* kImageDepthFormat = "lifted-image-depth";
constexpr const char* kImageEncoderFormat = "lifted-image-encoder";
constexpr const char* kLandmarkNetFormat = "lifted-landmark-net";

NetworkKind recognize(const formats::Checkpoint& checkpoint);

/// Lifting networks that run on a generator of another file (--gan).
bool needs_generator(NetworkKind kind);

/// "a StyleGAN2 generator (rosinality's layout)": completes "FILE is …".
std::string_view what_it_is(NetworkKind kind);
/// "pass it as --network": which option takes such a file, or that none does. Empty for unknown.
std::string_view how_to_use(NetworkKind kind);

}  // namespace lifted::model
