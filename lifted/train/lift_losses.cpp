#include "lifted/train/lift_losses.h"

#include <algorithm>

#include "lifted/base/device.h"
#include "lifted/ops/reflect_blur.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr double kNoDivisionByZero = 1e-12;  // below any mask that covers something

}  // namespace

Tensor photometric_loss(const Tensor& x, const Tensor& y, const Tensor& mask) {
  const Tensor difference = (x - y).abs();
  if (!mask.defined()) return difference.mean();
  return (difference * mask).sum() / (mask.sum() * x.size(1)).clamp_min(kNoDivisionByZero);
}

Tensor image_loss(const PerceptualLoss* perceptual, const Tensor& x, const Tensor& target,
                  const ImageLossWeights& weights, const Tensor& mask) {
  Tensor loss = photometric_loss(x, target, mask);
  if (weights.perceptual > 0) loss = loss + weights.perceptual * (*perceptual)(x, target, mask);
  return loss;
}

Tensor symmetric_image_loss(const PerceptualLoss* perceptual, const Reconstruction& images,
                            const ImageLossWeights& weights) {
  const auto& [image, flipped, target, mask] = images;
  Tensor loss = photometric_loss(image, target, mask);
  if (weights.flip > 0) loss = loss + weights.flip * photometric_loss(flipped, target, mask);
  if (weights.perceptual <= 0) return loss;
  std::vector<Tensor> all = {target, image};
  std::vector<PerceptualPair> pairs = {{1, 0, mask}};
  if (weights.flip > 0) {
    all.push_back(flipped);
    pairs.push_back({2, 0, mask});
  }
  const auto distances = perceptual->distances(all, pairs);
  loss = loss + weights.perceptual * distances[0];
  return weights.flip > 0 ? loss + weights.perceptual * weights.flip * distances[1] : loss;
}

Tensor latent_regularization(const Tensor& w, const Tensor& mean, double sigma_inv) {
  return (w - mean).square().mean() * sigma_inv;
}

Tensor identity_loss(nets::FaceEmbedding embedding, const Tensor& canonical, const Tensor& turned,
                     const Tensor& yaw_degrees, double max_yaw) {
  const Tensor chosen = to_device((yaw_degrees.abs() < max_yaw).nonzero().squeeze(1), canonical.device());
  if (chosen.numel() == 0) return torch::zeros({}, canonical.options().requires_grad(false));
  const auto embed = [&](const Tensor& images) { return embedding->forward(images.index_select(0, chosen)); };
  return (embed(canonical) - embed(turned)).square().sum(1).mean();
}

Tensor light_cycle_loss(const Tensor& predicted, const Tensor& wanted) {
  return (predicted - wanted).square().mean();
}

Tensor view_cycle_loss(const Tensor& predicted, const Tensor& wanted) {
  return (predicted - wanted).slice(1, 0, 3).square().mean();
}

Tensor albedo_rank_loss(const Tensor& albedo, const Tensor& inside, const AlbedoRankOptions& options) {
  const Tensor grey = albedo.mean(1, true);
  Tensor residual = (grey - ops::reflect_blur(grey, options.blur_radius, options.blur_sigma)) * inside;
  if (options.downsample > 1) residual = torch::avg_pool2d(residual, options.downsample);
  return at::linalg_svdvals(residual.flatten(1)).sum();
}

}  // namespace lifted::train
