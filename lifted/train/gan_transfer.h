// A StyleGAN2 training that starts from a checkpoint's weights instead of random ones.
#pragma once

#include <filesystem>
#include <string>

#include "lifted/train/gan_trainer.h"

namespace lifted::train {

struct GanTransfer {
  std::filesystem::path checkpoint;     // every file load_network() reads, and training states
  std::filesystem::path discriminator;  // where d comes from instead; may be empty
  bool grow = false;                    // they are of half the size (nets/stylegan2_grow.h)
};

/// Loads the generator's average, and generator and discriminator where there are such; a checkpoint without the former
/// gives both. Returns a sentence about what was taken. Error if a network has another shape than `config` and the
/// trainer's; then some may have been loaded.
std::string transfer_weights(GanTrainer& trainer, const nets::Stylegan2Config& config, const GanTransfer& transfer);

}  // namespace lifted::train
