// One step of lifting training (paper, section 3; published: LiftedGAN.train_step): losses, gradients, update. What is
// drawn at random is passed in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lifted/base/state_dict.h"
#include "lifted/base/torch_nn.h"
#include "lifted/model/lifted_gan.h"
#include "lifted/nets/face_embedding.h"
#include "lifted/train/adam.h"
#include "lifted/train/lift_options.h"
#include "lifted/train/perceptual_loss.h"
#include "lifted/train/step_guard.h"

namespace lifted::train {

/// What chance decides in a step of B samples.
struct LiftDraws {
  torch::Tensor z;                // B×z_dim, normal
  torch::Tensor strengths_from;   // B int64, a permutation: whose ambient and diffuse light a sample is perturbed with
  torch::Tensor directions_from;  // B int64, a permutation: whose light direction
  torch::Tensor angles;           // B×3 uniform in [0, 1): pitch, yaw and roll within their ranges
  double share = 1;               // of the step, by which gradients are multiplied

  static LiftDraws draw(int64_t batch, int64_t z_dim, at::Generator latents, at::Generator factors);
};

/// Frozen networks that judge images. `perceptual` may be absent where λ_perc is 0, `embedding` where the identity
/// term's factor is.
struct LiftCritics {
  std::optional<PerceptualLoss> perceptual;
  nets::FaceEmbedding embedding{nullptr};
};

/// What a step saw and measured. Tensors are detached; those of a term that was not computed are undefined.
struct LiftStep {
  /// Unscaled, under their published names: loss_rec, loss_perturb_im, loss_perturb_light, loss_perturb_view,
  /// loss_ID_perturb, loss_reg_style, loss_albedo_rank, loss_perturb_G; and loss_total, the scaled sum of all but the
  /// last. One element each, where the networks are.
  std::vector<std::pair<std::string, torch::Tensor>> losses;
  /// Read from where it is.
  double loss(std::string_view name) const;

  torch::Tensor teacher;            // B×3×S×S: the generator's image, clamped to [-1, 1]
  model::Estimate estimate;         // of its code, without the feature map
  torch::Tensor rendered, flipped;  // B×3×S×S at the estimated view and light, and with depth and albedo mirrored
  torch::Tensor light, view;        // B×4 and B×6 raw: perturbed
  torch::Tensor perturbed;          // B×3×S×S rendered at the light and view read back from the perturbed code
  torch::Tensor turned;             // B×3×S×S rendered at `light` and `view` themselves
  torch::Tensor regenerated;        // B×3×S×S, the generator's image of the perturbed code

  double share = 1;                  // of the draws
  torch::Tensor w;                   // B×w_dim, truncated
  torch::Tensor perturbed_gradient;  // B×w_dim: what loss_perturb_G, scaled, wants of the perturbed code
};

class LiftTrainer {
 public:
  /// Trains the lifting networks of `gan` and freezes its generator. Its statistics get a sigma_inv if the latent term
  /// needs one. Error if a factor asks for a critic that is absent.
  LiftTrainer(model::LiftedGan gan, LiftCritics critics, const LiftTrainerOptions& options);

  /// Adds the gradients of all losses, multiplied by the draws' share. NonFiniteError naming the term if one is not
  /// finite, at once or, on a GPU, by guard().
  LiftStep backward(const LiftDraws& draws);
  /// The same in its two halves: all losses but loss_perturb_G, then the gradient that this one sends through the
  /// frozen generator into M.
  LiftStep backward_total(const LiftDraws& draws);
  void backward_regeneration(const LiftStep& step);

  /// One optimizer step with the gradients gathered since the last, which are dropped. Returns their norm (one
  /// element). NonFiniteError naming the parameter, at once or by guard().
  torch::Tensor update();
  /// What keeps NaN from the weights; whoever makes steps on a GPU asks it now and then.
  StepGuard& guard() { return guard_; }

  /// Weights under "netD." …, the optimizer's state under "optimizer.", "w_mean" and "w_sigma_inv".
  StateDict state() const;
  void load_state(const StateDict& state, std::string_view what);
  /// The critics stay where they are: they belong on the device from the start.
  void to(torch::Device device);

  const model::LiftedGan& gan() const { return gan_; }
  const LiftTrainerOptions& options() const { return options_; }
  /// The four trained networks as one module: netD, netT, netSD, netSC.
  const torch::nn::Module& networks() const { return *networks_; }
  Adam& optimizer() { return optimizer_; }

 private:
  class Terms;
  void reconstruct(const model::Estimate& estimate, LiftStep& step, Terms& terms) const;
  void perturb(const model::Estimate& estimate, const LiftDraws& draws, LiftStep& step, Terms& terms) const;
  void compare_perturbed(const torch::Tensor& code, const torch::Tensor& rendered, LiftStep& step, Terms& terms) const;
  torch::Tensor perturbed_angles(const torch::Tensor& uniform) const;
  torch::Tensor head_of(const model::Estimate& estimate) const;
  AdamOptions adam_options() const;

  model::LiftedGan gan_;
  LiftCritics critics_;
  LiftTrainerOptions options_;
  std::shared_ptr<torch::nn::Module> networks_;
  Adam optimizer_;
  StepGuard guard_;
};

}  // namespace lifted::train
