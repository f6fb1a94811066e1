// From files to the frozen networks that judge images in training and evaluation.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "lifted/nets/face_embedding.h"
#include "lifted/nets/vgg16.h"

namespace lifted::model {

/// torchvision's VGG-16 (vgg16-….pth, whole or features only), frozen. Error that says what the file is if it is
/// something else.
nets::Vgg16 load_vgg16(const std::filesystem::path& path);

/// A face recognition network, frozen, in evaluation mode: this project's (train-embedding) or `model_state_dict` of
/// the authors' lresnet_casia.pth.tar.
nets::FaceEmbedding load_face_embedding(const std::filesystem::path& path);

/// Writes a face network with its configuration and where it comes from in the metadata. Atomic.
void save_face_embedding(const std::filesystem::path& path, const nets::FaceEmbedding& network,
                         const nlohmann::json& provenance);

}  // namespace lifted::model
