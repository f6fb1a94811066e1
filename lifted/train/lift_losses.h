// The losses of lifting training (paper, section 3.3). Every one is a differentiable scalar.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/nets/face_embedding.h"
#include "lifted/train/perceptual_loss.h"

namespace lifted::train {

/// Mean |x − y| (B×C×H×W), with a mask (B×1×H×W) over what it covers: 0 where it covers nothing.
torch::Tensor photometric_loss(const torch::Tensor& x, const torch::Tensor& y, const torch::Tensor& mask = {});

struct ImageLossWeights {
  double perceptual = 1;  // λ_perc, beside the photometric term; 0 leaves the network out
  double flip = 0.8;      // λ_flip, of the flipped rendering; 0 leaves it out
};

/// d(x, target): photometric + λ_perc · perceptual distance. `perceptual` may be null where λ_perc is 0. Differentiable
/// in both images.
torch::Tensor image_loss(const PerceptualLoss* perceptual, const torch::Tensor& x, const torch::Tensor& target,
                         const ImageLossWeights& weights, const torch::Tensor& mask = {});

struct Reconstruction {
  torch::Tensor image, flipped;  // B×3×S×S; `flipped` may be undefined where λ_flip is 0
  torch::Tensor target;          // B×3×S×S, constant
  torch::Tensor mask;            // B×1×S×S, or undefined
};
/// d(image, target) + λ_flip · d(flipped, target). The target's features are computed once and no features are kept
/// for the backward pass. Published: symmetric_image_loss.
torch::Tensor symmetric_image_loss(const PerceptualLoss* perceptual, const Reconstruction& images,
                                   const ImageLossWeights& weights);

/// Mean (w − mean)² · sigma_inv, w: B×w_dim. Published: loss_reg_style.
torch::Tensor latent_regularization(const torch::Tensor& w, const torch::Tensor& mean, double sigma_inv);

/// Squared distance of the embeddings of the canonical and the turned image, averaged over the samples whose |yaw|
/// (B, degrees; on the CPU, so that choosing waits for nothing) is below max_yaw. 0, without a gradient, if there is
/// none.
torch::Tensor identity_loss(nets::FaceEmbedding embedding, const torch::Tensor& canonical, const torch::Tensor& turned,
                            const torch::Tensor& yaw_degrees, double max_yaw = 25);

/// Mean squared difference of raw lights (B×4), and of the rotations of raw views (B×6).
torch::Tensor light_cycle_loss(const torch::Tensor& predicted, const torch::Tensor& wanted);
torch::Tensor view_cycle_loss(const torch::Tensor& predicted, const torch::Tensor& wanted);

struct AlbedoRankOptions {
  int64_t blur_radius = 10;  // see ops::blur_taps
  double blur_sigma = 4;
  int64_t downsample = 4;  // side of the averaged cells; 1 keeps all pixels
};
/// Nuclear norm of the batch's grey albedos (B×3×S×S) without their blur, where `inside` (B×1×S×S) is 1, averaged
/// down: one row per sample. Small where the samples' albedos are multiples of one another.
torch::Tensor albedo_rank_loss(const torch::Tensor& albedo, const torch::Tensor& inside,
                               const AlbedoRankOptions& options = {});

}  // namespace lifted::train
