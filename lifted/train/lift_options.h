// The coefficients of lifting training.
#pragma once

#include <nlohmann/json.hpp>

#include "lifted/base/numerics.h"

namespace lifted::train {

/// Factors of the loss terms; a term whose factor is 0 is not computed. Defaults are the published configuration for
/// faces (config/ffhq_256.py); names in JSON are the published ones.
struct LiftLossWeights {
  double reconstruction = 5;     // lam_rec
  double perceptual = 1;         // lam_perc, within every image distance
  double flip = 0.8;             // lam_flip, within the reconstruction
  double perturbed_images = 2;   // lam_perturb_im: both parts, into the 3D model and into the generator's codes
  double perturbed_factors = 4;  // lam_perturb_param: light and view read back from a perturbed code
  double identity = 1;           // lam_identity_perturb
  double latent = 0.5;           // lam_reg_style
  double albedo_rank = 0.01;     // lam_albedo_rank

  nlohmann::json to_json() const;
  /// Absent factors keep their defaults. Error if one is unknown, no number, negative or not finite.
  static LiftLossWeights from_json(const nlohmann::json& json);
  /// Whether any term looks at perturbed codes.
  bool perturbs() const { return perturbed_images > 0 || perturbed_factors > 0 || identity > 0 || latent > 0; }
  bool operator==(const LiftLossWeights&) const = default;
};

struct LiftTrainerOptions {
  LiftLossWeights weights;
  double lr = 1e-4, beta1 = 0.9, beta2 = 0.999, weight_decay = 5e-4;  // Adam, decay inside the gradient
  double truncation = 0.7;                                            // ψ of the codes trained on
  double max_pitch = 15, max_yaw = 45;  // perturbed views are uniform in ± these, degrees
  double yaw_translation = 0.2;         // of a perturbed view: x parameter = this · sin(yaw)
  double identity_max_yaw = 25;         // the identity term looks at |yaw| below, degrees
  int64_t rank_downsample = 4;          // side of the albedo rank term's cells, pixels
  /// What the depth network's output is multiplied by before training starts; 1 keeps PyTorch's initialization, whose
  /// first depth maps are rough.
  double initial_depth_scale = 1;

  /// Compare renderings with the teacher only where something was drawn (both renderings, where there are two). The
  /// published implementation compares everywhere.
  bool mask_reconstruction = false;

  /// bf16, fp16: of the frozen generator's high-resolution blocks. No coefficient: a task's options say it.
  Precision precision = Precision::fp32;

  /// {"weights": {…}, "learning_rate": …, …}.
  nlohmann::json to_json() const;
  /// Absent fields keep their defaults. Error if one is unknown, of the wrong type or out of range.
  static LiftTrainerOptions from_json(const nlohmann::json& json);
  bool operator==(const LiftTrainerOptions&) const = default;
};

}  // namespace lifted::train
