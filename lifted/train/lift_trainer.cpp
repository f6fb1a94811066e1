#include "lifted/train/lift_trainer.h"

#include <cmath>
#include <numbers>

#include "lifted/base/device.h"
#include "lifted/base/error.h"
#include "lifted/nets/load.h"
#include "lifted/train/lift_losses.h"

namespace lifted::train {
namespace {
using model::Estimate;
using torch::Tensor;

constexpr const char* kOptimizer = "optimizer.";

void require_gradients(const torch::nn::Module& module, bool wanted) {
  for (auto parameter : module.parameters()) parameter.requires_grad_(wanted);
}

/// The lifting networks as one module, ready to be trained.
struct NetworksImpl : torch::nn::Module {
  explicit NetworksImpl(const model::LiftingNetworks& networks) {
    for (const auto& [name, network] : networks.published()) register_module(name, network);
    require_gradients(*this, true);
  }
};

Estimate detached(const Estimate& e) {
  return {e.canon_depth.detach(),   e.canon_albedo.detach(), e.canon_light.detach(),  e.view.detach(),
          e.neutral_style.detach(), e.trans_map.detach(),    e.canon_im_raw.detach(), {}};
}

/// A loss of some samples as a part of the step's.
Tensor shared(const Tensor& loss, const LiftStep& step) {
  return step.share == 1 ? loss : loss * step.share;
}

const Tensor& entry(const StateDict& state, const std::string& key, int64_t numel, std::string_view what) {
  const auto found = state.find(key);
  require(found != state.end() && found->second.numel() == numel, "{}: no '{}' of {} values", what, key, numel);
  return found->second;
}

}  // namespace

/// The loss terms of a step, and their scaled sum.
class LiftTrainer::Terms {
 public:
  explicit Terms(StepGuard& guard) : guard_(guard) {}
  void add(const char* name, double factor, const Tensor& loss) {
    record(name, loss);
    total_ = total_.defined() ? total_ + factor * loss : factor * loss;
  }
  /// A term that is not part of the sum.
  void record(const char* name, const Tensor& loss) {
    guard_.watch(name, loss);
    values_.emplace_back(name, loss.detach());
  }
  const Tensor& total() const { return total_; }
  std::vector<std::pair<std::string, Tensor>> take() { return std::move(values_); }

 private:
  StepGuard& guard_;
  Tensor total_;
  std::vector<std::pair<std::string, Tensor>> values_;
};

LiftDraws LiftDraws::draw(int64_t batch, int64_t z_dim, at::Generator latents, at::Generator factors) {
  LiftDraws draws;
  draws.z = torch::randn({batch, z_dim}, latents);
  draws.strengths_from = torch::randperm(batch, factors, torch::kInt64);
  draws.directions_from = torch::randperm(batch, factors, torch::kInt64);
  draws.angles = torch::rand({batch, 3}, factors);
  return draws;
}

double LiftStep::loss(std::string_view name) const {
  for (const auto& [key, value] : losses) {
    if (key == name) return value.item<double>();
  }
  fail("this step computed no loss '{}'", name);
}

LiftTrainer::LiftTrainer(model::LiftedGan gan, LiftCritics critics, const LiftTrainerOptions& options)
    : gan_(std::move(gan)),
      critics_(std::move(critics)),
      options_(options),
      networks_(std::make_shared<NetworksImpl>(gan_.networks())),
      optimizer_(*networks_, adam_options()) {
  const LiftLossWeights& weights = options_.weights;
  require(critics_.perceptual || weights.perceptual == 0, "lam_perc is {} but there is no perceptual network",
          weights.perceptual);
  require(!critics_.embedding.is_empty() || weights.identity == 0,
          "lam_identity_perturb is {} but there is no face network", weights.identity);
  require_gradients(*gan_.generator(), false);
  if (weights.latent > 0) gan_.statistics().ensure_sigma_inv(gan_.generator());
}

AdamOptions LiftTrainer::adam_options() const {
  return {.lr = options_.lr,
          .beta1 = options_.beta1,
          .beta2 = options_.beta2,
          .weight_decay = options_.weight_decay,
          .skip_missing_gradients = true};
}

LiftStep LiftTrainer::backward(const LiftDraws& draws) {
  LiftStep step = backward_total(draws);
  backward_regeneration(step);
  return step;
}

LiftStep LiftTrainer::backward_total(const LiftDraws& draws) {
  const nets::WithHalf half(gan_.generator(), half_type(options_.precision));
  LiftStep step;
  step.share = draws.share;
  {
    const torch::NoGradGuard guard;
    const auto& generator = gan_.generator();
    const auto z = to_device(draws.z, generator->parameters().front().device());
    step.w = model::truncate(generator->map(z), gan_.statistics(), {.psi = options_.truncation, .cutoff = {}},
                             generator->layers());
    step.teacher = gan_.proxy_image(step.w).clamp(-1, 1);
  }
  const LiftLossWeights& weights = options_.weights;
  const Estimate estimate = gan_.estimate(step.w);
  step.estimate = detached(estimate);
  Terms terms(guard_);
  if (weights.reconstruction > 0) reconstruct(estimate, step, terms);
  if (weights.perturbs()) perturb(estimate, draws, step, terms);
  if (weights.albedo_rank > 0) {
    const auto& config = gan_.config();
    terms.add("loss_albedo_rank", weights.albedo_rank,
              albedo_rank_loss(estimate.canon_albedo, head_of(estimate),
                               {config.blur_radius, config.blur_sigma, options_.rank_downsample}));
  }
  require(terms.total().defined(), "all factors of the lifting losses are 0");
  terms.record("loss_total", terms.total());
  if (terms.total().requires_grad()) shared(terms.total(), step).backward();
  step.losses = terms.take();
  return step;
}

void LiftTrainer::backward_regeneration(const LiftStep& step) {
  if (!step.perturbed_gradient.defined()) return;
  gan_.networks().compose->forward(step.w, step.light, step.view).backward(step.perturbed_gradient);
}

void LiftTrainer::reconstruct(const Estimate& estimate, LiftStep& step, Terms& terms) const {
  const LiftLossWeights& weights = options_.weights;
  const auto rendered = gan_.render(estimate);
  Reconstruction images{.image = rendered.recon_im, .flipped = {}, .target = step.teacher, .mask = {}};
  if (options_.mask_reconstruction) images.mask = rendered.recon_im_mask;
  step.rendered = rendered.recon_im.detach();
  if (weights.flip > 0) {
    const auto flipped = gan_.render(estimate, {.light = {}, .view = {}, .flip = true});
    images.flipped = flipped.recon_im;
    if (options_.mask_reconstruction) images.mask = images.mask * flipped.recon_im_mask;
    step.flipped = flipped.recon_im.detach();
  }
  terms.add("loss_rec", weights.reconstruction,
            symmetric_image_loss(critics_.perceptual ? &*critics_.perceptual : nullptr, images,
                                 {weights.perceptual, weights.flip}));
}

Tensor LiftTrainer::perturbed_angles(const Tensor& uniform) const {
  const auto range = torch::tensor({options_.max_pitch, options_.max_yaw, 0.0}).to(uniform.options());
  return (uniform * 2 - 1) * range;
}

Tensor LiftTrainer::head_of(const Estimate& estimate) const {
  const Tensor depth = estimate.canon_depth.detach().unsqueeze(1);
  return (depth <= gan_.config().head_limit()).to(depth.scalar_type());
}

void LiftTrainer::perturb(const Estimate& estimate, const LiftDraws& draws, LiftStep& step, Terms& terms) const {
  const LiftLossWeights& weights = options_.weights;
  const auto& networks = gan_.networks();
  const Tensor light = step.estimate.canon_light;
  const torch::Device device = light.device();
  const Tensor drawn = perturbed_angles(draws.angles), angles = to_device(drawn, device);
  const auto lights_of = [&](const Tensor& order) { return light.index_select(0, to_device(order, device)); };
  step.light =
      torch::cat({lights_of(draws.strengths_from).slice(1, 0, 2), lights_of(draws.directions_from).slice(1, 2)}, 1);
  step.view = torch::zeros_like(step.estimate.view);
  step.view.slice(1, 0, 3) = angles / gan_.config().rotation_degrees;
  step.view.select(1, 3) = torch::sin(angles.select(1, 1) * (std::numbers::pi / 180)) * options_.yaw_translation;

  const Tensor code = networks.compose->forward(step.w, step.light, step.view);
  const nets::Decomposed read = networks.decompose->forward(code);
  Tensor rendered;
  if (weights.perturbed_images > 0 || weights.identity > 0) {
    rendered = gan_.render(estimate, {.light = read.light, .view = read.view}).recon_im;
    step.perturbed = rendered.detach();
  }
  if (weights.perturbed_images > 0) compare_perturbed(code, rendered, step, terms);
  if (weights.perturbed_factors > 0) {
    terms.add("loss_perturb_light", weights.perturbed_factors, light_cycle_loss(read.light, step.light));
    terms.add("loss_perturb_view", weights.perturbed_factors, view_cycle_loss(read.view, step.view));
  }
  if (weights.identity > 0) {
    terms.add("loss_ID_perturb", weights.identity,
              identity_loss(critics_.embedding, estimate.canon_im_raw, rendered, drawn.select(1, 1),
                            options_.identity_max_yaw));
  }
  if (weights.latent > 0) {
    terms.add("loss_reg_style", weights.latent,
              latent_regularization(code, gan_.statistics().mean.to(device), *gan_.statistics().sigma_inv));
  }
}

void LiftTrainer::compare_perturbed(const Tensor& code, const Tensor& rendered, LiftStep& step, Terms& terms) const {
  const LiftLossWeights& weights = options_.weights;
  {
    const torch::NoGradGuard guard;
    step.turned = gan_.render(step.estimate, {.light = step.light, .view = step.view}).recon_im;
  }
  // A leaf of its own: what part (a) wants of the code is found now, and its way through the generator forgotten.
  const Tensor leaf = code.detach().requires_grad_(true);
  const Tensor regenerated = gan_.proxy_image(leaf);
  step.regenerated = regenerated.detach();
  Tensor into_model = photometric_loss(rendered, step.regenerated);
  Tensor into_generator = photometric_loss(regenerated, step.turned);
  if (weights.perceptual > 0) {
    const auto distances =
        critics_.perceptual->distances({step.turned, regenerated, rendered}, {{1, 0, {}}, {2, 1, {}}});
    into_generator = into_generator + weights.perceptual * distances[0];
    into_model = into_model + weights.perceptual * distances[1];
  }
  terms.add("loss_perturb_im", weights.perturbed_images, into_model);
  terms.record("loss_perturb_G", into_generator);
  step.perturbed_gradient = torch::autograd::grad({shared(weights.perturbed_images * into_generator, step)}, {leaf})[0];
}

Tensor LiftTrainer::update() {
  return guard_.update(optimizer_);
}

StateDict LiftTrainer::state() const {
  StateDict state = nets::state_of(*networks_);
  for (const auto& [key, tensor] : optimizer_.state()) state[kOptimizer + key] = tensor;
  state["w_mean"] = gan_.statistics().mean;
  if (const auto sigma = gan_.statistics().sigma_inv) state["w_sigma_inv"] = torch::tensor(*sigma, torch::kFloat64);
  return state;
}

void LiftTrainer::load_state(const StateDict& state, std::string_view what) {
  StateDict weights, optimizer;
  const std::string prefix = kOptimizer;
  for (const auto& [key, tensor] : state) {
    if (key.rfind(prefix, 0) == 0)
      optimizer[key.substr(prefix.size())] = tensor;
    else if (key.rfind("w_", 0) != 0)
      weights[key] = tensor;
  }
  nets::load_strict(*networks_, weights, what);
  optimizer_.load_state(optimizer, what);
  auto& statistics = gan_.statistics();
  const Tensor& mean = entry(state, "w_mean", statistics.mean.numel(), what);
  // Measured or read, the mean code belongs to one generator; another device may measure it a little differently.
  const Tensor distance = (mean.to(statistics.mean.options()).view_as(statistics.mean) - statistics.mean).norm();
  require(distance.item<double>() <= 1e-2 * mean.norm().item<double>() + 1e-6,
          "{}: its run lifts another generator: their mean codes differ; expected the file that --gan named then",
          what);
  statistics.mean.copy_(mean);
  if (statistics.sigma_inv) statistics.sigma_inv = entry(state, "w_sigma_inv", 1, what).item<double>();
}

void LiftTrainer::to(torch::Device device) {
  gan_.to(device);
  optimizer_.to(device);
}

}  // namespace lifted::train
