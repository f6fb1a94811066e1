// The four half-steps of a StyleGAN2 iteration: networks, gradients, updates. What is drawn at random is passed in.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <optional>

#include "lifted/nets/stylegan2.h"
#include "lifted/nets/stylegan2_discriminator.h"
#include "lifted/train/adam.h"

namespace lifted::train {

struct GanTrainerOptions {
  double lr = 0.002;
  double r1_gamma = 10;
  int d_reg_every = 16, g_reg_every = 4;  // steps between regularizations; their gradients are multiplied by as much
  double path_weight = 2, path_decay = 0.01;
};

/// One code per sample, or two mixed: layers from `inject` on take the second.
struct Latents {
  torch::Tensor first, second;  // B×z_dim; second may be undefined
  int64_t inject = 0;
};

class GanTrainer {
 public:
  GanTrainer(const nets::Stylegan2Config& generator, const nets::Stylegan2DiscriminatorConfig& discriminator,
             const GanTrainerOptions& options);

  /// Each adds the gradients of its loss, multiplied by `share` (of the batch, where it comes in parts), and returns
  /// the unscaled loss. Images: B×3×S×S in [-1, 1]. NonFiniteError naming the term if a loss is not finite.
  struct DiscriminatorLoss {
    double loss = 0;
    torch::Tensor real_logits, fake_logits;  // B×1, detached
  };
  DiscriminatorLoss discriminator_backward(const torch::Tensor& real, const Latents& latents, double share = 1);
  double r1_backward(const torch::Tensor& real, double share = 1);
  double generator_backward(const Latents& latents, double share = 1);
  /// noise: N(0, 1) of the images' shape. Moves path_mean.
  struct PathLoss {
    double penalty = 0;
    torch::Tensor lengths;  // B
  };
  PathLoss path_backward(const Latents& latents, const torch::Tensor& noise, double share = 1);

  /// One optimizer step with the gradients gathered since the last. Returns their norm. NonFiniteError naming parameter
  /// and `term`.
  double update_discriminator(const char* term);
  double update_generator(const char* term);
  /// g_ema ← decay · g_ema + (1 − decay) · g.
  void update_average(double decay) { update_moving_average(*average, *generator, decay); }

  /// One w per layer: B×layers×w_dim.
  torch::Tensor codes(const Latents& latents) const;

  /// Weights, optimizers and path_mean under "g.", "g_ema.", "d.", "g_optim.", "d_optim.", "path_mean".
  StateDict state() const;
  void load_state(const StateDict& state, std::string_view what);
  void to(torch::Device device);

  nets::Stylegan2Generator generator, average;
  nets::Stylegan2Discriminator discriminator;
  torch::Tensor path_mean;
  /// What real and generated images go through before the discriminator sees them.
  std::function<torch::Tensor(const torch::Tensor&)> augment = [](const torch::Tensor& images) { return images; };
  nets::NoiseMode noise_mode = nets::NoiseMode::random;
  std::optional<at::Generator> noise_generator;

 private:
  torch::Tensor synthesize(const Latents& latents) const;

  GanTrainerOptions options_;
  Adam generator_optimizer_, discriminator_optimizer_;
};

}  // namespace lifted::train
