// From files to the frozen networks that judge images in training and evaluation.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "lifted/nets/face_embedding.h"
#include "lifted/nets/image_depth_net.h"
#include "lifted/nets/inception_v3.h"
#include "lifted/nets/vgg16.h"
#include "lifted/nets/view_light_probe.h"

namespace lifted::model {

/// VGG-16, frozen: torchvision's (vgg16-….pth, whole or features only) or NVIDIA's TorchScript (vgg16.pt), of which the
/// convolutions are taken in order. Error that says what the file is if it is something else.
nets::Vgg16 load_vgg16(const std::filesystem::path& path);

/// InceptionV3 for FID, frozen: pytorch-fid's (pt_inception-2015-12-05-6726825d.pth), or NVIDIA's TorchScript
/// (inception-2015-12-05.pt), whose parameters are found by name and whose own features of a test image must be ours.
/// The file decides how images are resized (nets::InceptionInput).
nets::InceptionV3 load_inception(const std::filesystem::path& path);

/// A face recognition network, frozen, in evaluation mode: this project's (train-embedding) or `model_state_dict` of
/// the authors' lresnet_casia.pth.tar.
nets::FaceEmbedding load_face_embedding(const std::filesystem::path& path);

/// Writes a face network with its configuration and where it comes from in the metadata. Atomic.
void save_face_embedding(const std::filesystem::path& path, const nets::FaceEmbedding& network,
                         const nlohmann::json& provenance);

/// A view and light probe of train-probe, frozen, in evaluation mode.
nets::ViewLightProbe load_view_light_probe(const std::filesystem::path& path);
void save_view_light_probe(const std::filesystem::path& path, const nets::ViewLightProbe& network,
                           const nlohmann::json& provenance);

/// A depth network of train-depth, frozen, in evaluation mode.
nets::ImageDepthNet load_image_depth_net(const std::filesystem::path& path);
void save_image_depth_net(const std::filesystem::path& path, const nets::ImageDepthNet& network,
                          const nlohmann::json& provenance);

}  // namespace lifted::model
