#include "lifted/train/gan_losses.h"

#include <cmath>

namespace lifted::train {
namespace {
using torch::Tensor;

/// d sum(y) / d x, itself differentiable.
Tensor differentiable_gradient(const Tensor& y, const Tensor& x) {
  return torch::autograd::grad({y.sum()}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
}

}  // namespace

Tensor logistic_discriminator_loss(const Tensor& real_logits, const Tensor& fake_logits) {
  return at::softplus(-real_logits).mean() + at::softplus(fake_logits).mean();
}

Tensor nonsaturating_generator_loss(const Tensor& fake_logits) {
  return at::softplus(-fake_logits).mean();
}

Tensor r1_penalty(const Tensor& real_logits, const Tensor& real_images) {
  const auto gradient = differentiable_gradient(real_logits, real_images);
  return gradient.square().sum() / static_cast<double>(real_images.size(0));
}

Tensor path_lengths(const Tensor& images, const Tensor& latents, const Tensor& noise, bool differentiable) {
  TORCH_CHECK(latents.dim() == 3 && latents.size(0) == images.size(0),
              "path_lengths: latents must have shape [B, layers, w_dim], got ", latents.sizes());
  const Tensor projected = images * (noise / std::sqrt(static_cast<double>(images.size(2) * images.size(3))));
  const Tensor gradient = differentiable ? differentiable_gradient(projected, latents)
                                         : torch::autograd::grad({projected.sum()}, {latents})[0];
  return gradient.square().sum(2).mean(1).sqrt();
}

PathLength path_length_penalty(const Tensor& images, const Tensor& latents, const Tensor& noise,
                               const Tensor& running_mean, double decay) {
  const auto lengths = path_lengths(images, latents, noise, true);
  const auto mean = running_mean + decay * (lengths.mean() - running_mean);
  return {(lengths - mean).square().mean(), mean.detach(), lengths.detach()};
}

}  // namespace lifted::train
