// The losses of StyleGAN2 training. All are means over the batch; all are differentiable, the regularizers through a
// first gradient.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::train {

/// Discriminator: mean softplus(−real) + mean softplus(fake). Logits: B×1.
torch::Tensor logistic_discriminator_loss(const torch::Tensor& real_logits, const torch::Tensor& fake_logits);

/// Generator: mean softplus(−fake).
torch::Tensor nonsaturating_generator_loss(const torch::Tensor& fake_logits);

/// R1: mean over the batch of |d logits / d image|², without its weight. `real_logits` must depend on `real_images`
/// (B×3×S×S), which must require a gradient. Source: Mescheder et al. 2018; weighted γ/2 · interval in StyleGAN2.
torch::Tensor r1_penalty(const torch::Tensor& real_logits, const torch::Tensor& real_images);

/// |d (images · noise) / d latents| of every sample, B: noise N(0, 1) of the images' shape is divided by the side;
/// codes are averaged over layers. `differentiable`: a gradient of the lengths will be wanted.
torch::Tensor path_lengths(const torch::Tensor& images, const torch::Tensor& latents, const torch::Tensor& noise,
                           bool differentiable);

struct PathLength {
  torch::Tensor penalty;  // scalar: mean (length − mean)², to be weighted
  torch::Tensor mean;     // scalar: the running mean after this batch, detached
  torch::Tensor lengths;  // B, detached
};

/// Path length regularization (Karras et al. 2020). images: B×3×S×S made from `latents` (B×layers×w_dim, one code per
/// layer, requiring a gradient); noise: N(0, 1) of the images' shape; running_mean: scalar. As in the public
/// implementation the penalty's gradient also flows through the new mean, of which this batch is a share `decay`.
PathLength path_length_penalty(const torch::Tensor& images, const torch::Tensor& latents, const torch::Tensor& noise,
                               const torch::Tensor& running_mean, double decay = 0.01);

}  // namespace lifted::train
