#include "lifted/photo/code_sampler.h"

#include <numbers>

#include "lifted/photo/degrade.h"

namespace lifted::photo {
namespace {
using torch::Tensor;

constexpr double kLowestPsi = 0.5, kMaxPitch = 20, kMaxYaw = 50, kMaxRoll = 6, kYawTranslation = 0.2;

}  // namespace

CodeSampler::CodeSampler(model::LoadedNetwork network, double background)
    : network_(std::move(network)), background_(background) {
  network_.require_lifted();
}

Tensor CodeSampler::codes(int64_t count, at::Generator& random) const {
  const Tensor mean = network_.statistics.mean;
  const Tensor z = torch::randn({count, network_.generator->config().z_dim}, random).to(mean.device());
  const Tensor psi = (torch::rand({count, 1}, random) * (1 - kLowestPsi) + kLowestPsi).to(mean.device());
  return mean + psi * (network_.generator->map(z) - mean);
}

Tensor CodeSampler::turned_and_lit(const Tensor& w, at::Generator& random) const {
  const auto own = gan().networks().decompose->forward(w);
  const int64_t count = w.size(0);
  const Tensor order = torch::randperm(count, random).to(w.device());
  const Tensor range = torch::tensor({kMaxPitch, kMaxYaw, kMaxRoll}, torch::kFloat32);
  const Tensor angles = ((torch::rand({count, 3}, random) * 2 - 1) * range).to(w.device());
  Tensor view = torch::zeros_like(own.view);
  view.slice(1, 0, 3) = angles / gan().config().rotation_degrees;
  view.select(1, 3) = torch::sin(angles.select(1, 1) * (std::numbers::pi / 180)) * kYawTranslation;
  const Tensor changed = gan().networks().compose->forward(w, own.light.index_select(0, order), view);
  const Tensor every_second = (torch::arange(count, w.device()) % 2 == 1).unsqueeze(1);
  return torch::where(every_second, changed, w);
}

/// Behind the first samples.
void CodeSampler::change_backgrounds(const Tensor& w, Tensor& pictures, at::Generator& random) const {
  const auto count = static_cast<int64_t>(background_ * static_cast<double>(pictures.size(0)));
  if (count == 0) return;
  const auto rendering = gan().render(gan().estimate(w.slice(0, 0, count)));
  const Tensor head = (rendering.recon_depth <= gan().config().head_limit()).to(torch::kFloat32).cpu().unsqueeze(1);
  const Tensor soft = torch::avg_pool2d(head, 3, 1, 1, false, false);
  for (int64_t i = 0; i < count; ++i)
    pictures[i].copy_(soft[i] * pictures[i] + (1 - soft[i]) * random_background(pictures.size(2), random));
}

CodeSamples CodeSampler::draw(int64_t count, at::Generator& random) const {
  const torch::NoGradGuard guard;
  CodeSamples samples;
  samples.w = turned_and_lit(codes(count, random), random);
  samples.pictures = gan().proxy_image(samples.w).clamp(-1, 1);
  Tensor shown = samples.pictures.cpu().clone();
  change_backgrounds(samples.w, shown, random);
  samples.shown = degraded(misaligned(shown, random), random).to(samples.w.device());
  return samples;
}

}  // namespace lifted::photo
