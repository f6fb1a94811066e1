// The files of the networks that read photographs. All are stored as float16.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "lifted/nets/stylegan2.h"
#include "lifted/photo/image_encoder.h"
#include "lifted/photo/landmark_net.h"

namespace lifted::photo {

/// Whether the program carries one (of its built-in network) under the name "builtin".
bool has_builtin_encoder();
bool has_builtin_landmark_net();

/// What a file says of an encoder beside its weights.
struct EncoderFile {
  ImageEncoder network{nullptr};
  std::string generator;  // model::generator_fingerprint of the one whose codes it reads
};

/// "builtin" names the one that this program carries, for its built-in network. Error that says what the file is if it
/// is no encoder.
EncoderFile load_image_encoder(const std::filesystem::path& path);
void save_image_encoder(const std::filesystem::path& path, const EncoderFile& encoder,
                        const nlohmann::json& provenance);

/// The same, and Error unless it reads codes of `generator`.
ImageEncoder load_encoder_of(const std::filesystem::path& path, const nets::Stylegan2Generator& generator);

/// "builtin" names the one that this program carries.
LandmarkNet load_landmark_net(const std::filesystem::path& path);
void save_landmark_net(const std::filesystem::path& path, const LandmarkNet& network, const nlohmann::json& provenance);

}  // namespace lifted::photo
