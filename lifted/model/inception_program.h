// NVIDIA's TorchScript of the Inception network.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "lifted/base/state_dict.h"
#include "lifted/nets/inception_v3.h"

namespace lifted::model {

/// The program's tensors under pytorch-fid's names. Layers are those of the TensorFlow graph
/// ("layers.mixed_4.tower.conv_1"); whether a block joins names by dots or underscores, and what a layer calls its
/// mean, variance and offset, may vary. Error, naming `what`, for a tensor that has no place.
StateDict inception_state_of(const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                             const std::string& what);

/// The picture, 1×3×96×80 in [-1, 1], that a program and its parameters are compared on: no two channels or axes alike.
torch::Tensor inception_test_image();

/// The network of inception-2015-12-05.pt. Error unless it computes what the program computes, within 1e-3 of the
/// largest feature.
nets::InceptionV3 load_inception_program(const std::filesystem::path& path);

}  // namespace lifted::model
