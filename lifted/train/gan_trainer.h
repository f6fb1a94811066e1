// The four half-steps of a StyleGAN2 iteration: networks, gradients, updates. What is drawn at random is passed in.
#pragma once

#include <vector>

#include "lifted/base/numerics.h"
#include "lifted/base/tensor.h"
#include "lifted/nets/stylegan2.h"
#include "lifted/nets/stylegan2_discriminator.h"
#include "lifted/train/adam.h"
#include "lifted/train/augment.h"
#include "lifted/train/step_guard.h"

namespace lifted::train {

struct GanTrainerOptions {
  double lr = 0.002;
  double r1_gamma = 10;
  int d_reg_every = 16, g_reg_every = 4;  // steps between regularizations; their gradients are multiplied by as much
  double path_weight = 2, path_decay = 0.01;
  /// bf16, fp16: of both networks' high-resolution blocks in the two main losses; regularizations take float32.
  Precision precision = Precision::fp32;
};

/// One code per sample, or two mixed: layers from `inject` on take the second.
struct Latents {
  torch::Tensor first, second;  // B×z_dim; second may be undefined
  int64_t inject = 0;
};

/// What chance decides about some samples, and which part of a batch they are.
struct GanDraws {
  Latents latents;
  std::vector<torch::Tensor> noise = {};  // per convolution B×1×h×w; empty: the stored maps
  AugmentDraw fake = {}, real = {};       // what images go through before the discriminator sees them
  double share = 1;                       // of the batch, by which gradients are multiplied
  int64_t group = 0;                      // samples that share a standard deviation: the whole batch's; 0: as of these
};
/// What the path length's regularization draws: noise on images is N(0, 1) of their shape.
struct PathDraws {
  Latents latents;
  torch::Tensor image_noise = {};
  std::vector<torch::Tensor> noise = {};
};

class GanTrainer {
 public:
  GanTrainer(const nets::Stylegan2Config& generator, const nets::Stylegan2DiscriminatorConfig& discriminator,
             const GanTrainerOptions& options);

  /// Each adds the gradients of its loss, multiplied by the draws' share, and returns the unscaled loss (one element,
  /// where the networks are). A batch may come in parts, one call for each: their gradients add up to those of the
  /// whole if parts hold whole groups. Images: B×3×S×S in [-1, 1]. NonFiniteError naming the term if a loss is not
  /// finite, at once or, on a GPU, by guard().
  struct DiscriminatorLoss {
    torch::Tensor loss;
    torch::Tensor real_logits, fake_logits;  // B×1, detached
  };
  DiscriminatorLoss discriminator_backward(const torch::Tensor& real, const GanDraws& draws);
  torch::Tensor r1_backward(const torch::Tensor& real, const GanDraws& draws = {});
  torch::Tensor generator_backward(const GanDraws& draws);
  /// Of a whole batch, in parts: each passes the generator twice if there are several, since the penalty compares every
  /// length with the mean of all. Moves path_mean once.
  struct PathLoss {
    torch::Tensor penalty;
    torch::Tensor lengths;  // B
  };
  PathLoss path_backward(const std::vector<PathDraws>& parts);
  /// The same step by step, for a batch whose parts are elsewhere too. Lengths of some samples, detached:
  torch::Tensor measured_paths(const PathDraws& draws) const;
  /// of the whole batch's lengths, the penalty and d loss / d length; moves path_mean;
  struct PathSlopes {
    torch::Tensor penalty, slopes;
  };
  PathSlopes compare_paths(const torch::Tensor& lengths);
  /// and the gradients of some samples with these slopes.
  void path_backward(const PathDraws& draws, const torch::Tensor& slopes);

  /// One optimizer step with the gradients gathered since the last. Returns their norm (one element). NonFiniteError
  /// naming parameter and `term`, at once or by guard().
  torch::Tensor update_discriminator(const char* term);
  torch::Tensor update_generator(const char* term);
  /// What keeps NaN from the weights; whoever makes steps on a GPU asks it now and then.
  StepGuard& guard() { return guard_; }
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

 private:
  struct HalfNetworks;
  torch::Tensor synthesize(const torch::Tensor& codes, const std::vector<torch::Tensor>& noise) const;
  torch::Tensor update(Adam& optimizer, const torch::nn::Module& network, const char* term, const char* name);
  PathLoss path_backward_in_parts(const std::vector<PathDraws>& parts);
  torch::Tensor lengths_of(const PathDraws& draws, bool differentiable) const;

  GanTrainerOptions options_;
  Adam generator_optimizer_, discriminator_optimizer_;
  StepGuard guard_;
};

}  // namespace lifted::train
