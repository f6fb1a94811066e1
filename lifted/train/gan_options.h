// What a StyleGAN2 training is told.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "lifted/data/dataset.h"
#include "lifted/train/gan_trainer.h"

namespace lifted::train {

enum class AugmentMode { none, adaptive, fixed };

struct GanOptions {
  nets::Stylegan2Config generator;
  nets::Stylegan2DiscriminatorConfig discriminator;
  GanTrainerOptions training;
  int64_t batch = 16;
  /// Images at a time, rounded up to whole groups of the minibatch standard deviation, gradients being added up; 0: the
  /// whole batch. The results are those of the whole batch, up to the rounding of sums.
  int64_t batch_part = 0;
  int64_t path_batch_shrink = 2;
  double style_mixing = 0.9;
  double average_decay = 0.9977843871238888;  // per step: 0.5^(32 / 10,000)
  int64_t warmup_images = 0;                  // so many at first train the discriminator alone
  bool mirror = false;
  AugmentMode augment = AugmentMode::none;
  double augment_strength = 0;  // of AugmentMode::fixed
  double augment_target = 0.6;
  uint64_t seed = 0;
  int64_t shards = 1;  // that the batch is cut into: train/shards.h

  /// What a resumed run must agree on.
  nlohmann::ordered_json to_json() const;
  /// UsageError if the numbers make no sense together.
  void validate(const data::Dataset& images) const;
};

/// The widths tables of train-gan: "lite" (LiftedGAN's), "full" (rosinality's), "tiny" (a 256-wide latent, at most 256
/// channels) and "micro" (half of that). Latent sizes, channels and image size of both networks are set; UsageError for
/// other names.
void set_channels(GanOptions& options, const std::string& table, int size);

}  // namespace lifted::train
