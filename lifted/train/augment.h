// Adaptive discriminator augmentation (Karras et al. 2020, "Training GANs with limited data"): random transformations
// shown to the discriminator only, invertible in distribution so that they do not leak into what the generator makes.
#pragma once

#include <cstdint>

#include "lifted/base/tensor.h"

namespace lifted::train {

/// Random transformations of pixel coordinates, one 3×3 matrix per sample (float32, B×3×3, CPU). Coordinates are pixels
/// from the image's centre, x right and y down. Each kind is applied to a sample with probability `p`: pixel blits
/// (horizontal flip, quarter turns, whole-pixel translation up to 1/8 of the size), then geometry (isotropic scaling,
/// rotation, anisotropic scaling, rotation, translation).
torch::Tensor sample_affine(double p, at::IntArrayRef image_sizes, at::Generator& generator);

/// Random colour transformations, one 4×4 matrix per sample on (r, g, b, 1) with r, g, b in [-1, 1]: brightness,
/// contrast, luma flip, hue rotation, saturation, each with probability `p`.
torch::Tensor sample_color(double p, int64_t batch, at::Generator& generator);

/// Multiplies every pixel (r, g, b, 1) by its image's matrix. color: B×4×4.
torch::Tensor apply_color(const torch::Tensor& images, const torch::Tensor& color);

/// What chance decides about a batch of images.
struct AugmentDraw {
  torch::Tensor affine, color;  // B×3×3 and B×4×4, on the CPU; undefined where nothing is augmented
};
AugmentDraw draw_augmentation(double p, at::IntArrayRef image_sizes, at::Generator& generator);
torch::Tensor augment(const torch::Tensor& images, const AugmentDraw& draw);

/// All of the above with strength p: what reals and fakes go through on their way to the discriminator. p = 0 returns
/// the images themselves.
torch::Tensor augment(const torch::Tensor& images, double p, at::Generator& generator);

/// Steers p so that the mean sign of the discriminator's logits on training images, r_t, stays at a target: higher
/// means it has begun to remember them.
class AugmentationController {
 public:
  struct Options {
    double target = 0.6;
    int64_t images_to_full = 500'000;  // p moves from 0 to 1 over this many images
    int64_t update_every = 256;        // images
  };
  explicit AugmentationController(Options options, double p = 0) : options_(options), p_(p) {}

  /// `real_logits`: B×1, the discriminator's on (augmented) training images. Stays on their device until p is due.
  void observe(const torch::Tensor& real_logits);
  /// The same of `count` logits, of which only the sum of their signs is known: one element.
  void observe_signs(const torch::Tensor& sum, int64_t count);

  double p() const { return p_; }
  /// The last complete measurement.
  double r_t() const { return r_t_; }

  struct State {
    double p = 0, r_t = 0, sign_sum = 0;
    int64_t count = 0;
  };
  State state() const;
  void load_state(const State& state);

 private:
  void read() const;

  Options options_;
  double p_ = 0, r_t_ = 0;
  int64_t count_ = 0;
  mutable double sign_sum_ = 0;
  mutable torch::Tensor unread_;  // one element, float64: what sign_sum_ does not hold yet
};

}  // namespace lifted::train
