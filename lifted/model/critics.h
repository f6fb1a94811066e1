// From files to the frozen networks that judge images in training and evaluation.
#pragma once

#include <filesystem>

#include "lifted/nets/face_embedding.h"
#include "lifted/nets/vgg16.h"

namespace lifted::model {

/// torchvision's VGG-16 (vgg16-….pth, whole or features only), frozen. Error that says what the file is if it is
/// something else.
nets::Vgg16 load_vgg16(const std::filesystem::path& path);

/// A face recognition network (`model_state_dict` of the authors' lresnet_casia.pth.tar), frozen, in evaluation mode.
nets::FaceEmbedding load_face_embedding(const std::filesystem::path& path);

}  // namespace lifted::model
