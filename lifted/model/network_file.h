// This project's own network file: one .safetensors that holds all a model needs and says what it is.
#pragma once

#include <filesystem>

#include "lifted/formats/checkpoint.h"
#include "lifted/model/import.h"

namespace lifted::model {

struct SaveOptions {
  bool half = false;      // store weights as float16: half the size, about three digits
  bool generator = true;  // else the lifting networks alone, for whom shares a generator among several
};

/// Writes generator.*, netD.*, netT.*, netSD.*, netSC.* and w_statistics.mean with, in the metadata: format
/// "lifted-network" and its version, the networks' sizes, the lifting configuration, the w statistics and where the
/// weights come from (file names, SHA-256, the version of this program). Measures what the statistics lack. Atomic.
/// Without the generator its metadata names the generator's weights by their SHA-256. Error if there is nothing else.
void save_network(const std::filesystem::path& path, LoadedNetwork& network, const SaveOptions& options = {});

/// Builds the networks of such a file. `what` names it in errors. `gan`: the network whose generator a file that lacks
/// its own goes with; Error unless it is the one that it was lifted from.
LoadedNetwork load_network_file(const formats::Checkpoint& checkpoint, const std::string& what,
                                const LoadedNetwork* gan = nullptr);

/// SHA-256 of a generator's weights as float16: what tells generators apart, whether stored whole or in half.
std::string generator_fingerprint(const nets::Stylegan2Generator& generator);

}  // namespace lifted::model
