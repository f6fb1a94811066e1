#include "lifted/train/gan_trainer.h"

#include <cmath>

#include "lifted/nets/load.h"
#include "lifted/train/gan_losses.h"
#include "lifted/train/snapshot.h"

namespace lifted::train {
namespace {
using torch::Tensor;

/// Lazy regularization takes 1/r more steps, so rate and memory are corrected by r/(r + 1).
AdamOptions lazy_adam(double lr, int regularize_every) {
  const double ratio = static_cast<double>(regularize_every) / (regularize_every + 1);
  return {.lr = lr * ratio, .beta1 = 0, .beta2 = std::pow(0.99, ratio)};
}

void set_requires_grad(const torch::nn::Module& module, bool wanted) {
  for (auto parameter : module.parameters()) parameter.requires_grad_(wanted);
}

/// Gradients flow through the network, but none are computed for its parameters.
class Frozen {
 public:
  explicit Frozen(const torch::nn::Module& module) : module_(module) { set_requires_grad(module_, false); }
  ~Frozen() { set_requires_grad(module_, true); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  const torch::nn::Module& module_;
};

double finite(const Tensor& loss, const char* term) {
  const double value = loss.item<double>();
  if (!std::isfinite(value)) throw NonFiniteError(fmt::format("{} is {}", term, value));
  return value;
}

double update(Adam& optimizer, const char* network, const char* term) {
  double norm = 0;
  try {
    norm = optimizer.gradient_norm();
  } catch (const NonFiniteError& error) {
    throw NonFiniteError(fmt::format("{}: {} of the {}", term, error.what(), network));
  }
  optimizer.step();
  optimizer.zero_gradients();
  return norm;
}

}  // namespace

GanTrainer::GanTrainer(const nets::Stylegan2Config& generator_config,
                       const nets::Stylegan2DiscriminatorConfig& discriminator_config, const GanTrainerOptions& options)
    : generator(generator_config),
      average(generator_config),
      discriminator(discriminator_config),
      path_mean(torch::zeros({})),
      options_(options),
      generator_optimizer_(*generator, lazy_adam(options.lr, options.g_reg_every)),
      discriminator_optimizer_(*discriminator, lazy_adam(options.lr, options.d_reg_every)) {
  nets::load_strict(*average, nets::state_of(*generator), "the generator's average");
  set_requires_grad(*average, false);
}

Tensor GanTrainer::codes(const Latents& latents) const {
  const int64_t layers = generator->layers();
  const auto spread = [&](const Tensor& z, int64_t count) {
    return generator->map(z).unsqueeze(1).expand({-1, count, -1});
  };
  if (!latents.second.defined()) return spread(latents.first, layers).contiguous();
  return torch::cat({spread(latents.first, latents.inject), spread(latents.second, layers - latents.inject)}, 1);
}

Tensor GanTrainer::synthesize(const Tensor& codes, const std::vector<Tensor>& noise) const {
  if (noise.empty()) return generator->synthesize(codes).image;
  std::vector<Tensor> moved;
  for (const Tensor& map : noise) moved.push_back(map.to(codes.device()));
  return generator->synthesize(codes, moved).image;
}

GanTrainer::DiscriminatorLoss GanTrainer::discriminator_backward(const Tensor& real, const GanDraws& draws) {
  Tensor fake;
  {
    const torch::NoGradGuard guard;
    fake = augment(synthesize(codes(draws.latents), draws.noise), draws.fake);
  }
  const auto fake_logits = discriminator->forward(fake, draws.group);
  const auto real_logits = discriminator->forward(augment(real, draws.real), draws.group);
  const auto loss = logistic_discriminator_loss(real_logits, fake_logits);
  const double value = finite(loss, "the discriminator's logistic loss");
  (loss * draws.share).backward();
  return {value, real_logits.detach(), fake_logits.detach()};
}

double GanTrainer::r1_backward(const Tensor& real, const GanDraws& draws) {
  const auto images = real.detach().clone().requires_grad_(true);
  const auto penalty = r1_penalty(discriminator->forward(augment(images, draws.real), draws.group), images);
  const double value = finite(penalty, "the R1 penalty");
  (penalty * (options_.r1_gamma / 2 * options_.d_reg_every * draws.share)).backward();
  return value;
}

double GanTrainer::generator_backward(const GanDraws& draws) {
  const Frozen frozen(*discriminator);
  const auto images = augment(synthesize(codes(draws.latents), draws.noise), draws.fake);
  const auto loss = nonsaturating_generator_loss(discriminator->forward(images, draws.group));
  const double value = finite(loss, "the generator's loss");
  (loss * draws.share).backward();
  return value;
}

GanTrainer::PathLoss GanTrainer::path_backward(const std::vector<PathDraws>& parts) {
  if (parts.size() > 1) return path_backward_in_parts(parts);
  const PathDraws& draws = parts.at(0);
  const auto w = codes(draws.latents);
  const auto path =
      path_length_penalty(synthesize(w, draws.noise), w, draws.image_noise, path_mean, options_.path_decay);
  const double value = finite(path.penalty, "the path length penalty");
  (path.penalty * (options_.path_weight * options_.g_reg_every)).backward();
  path_mean = path.mean;
  return {value, path.lengths};
}

GanTrainer::PathLoss GanTrainer::path_backward_in_parts(const std::vector<PathDraws>& parts) {
  const auto lengths_of = [&](const PathDraws& draws, bool differentiable) {
    const auto w = codes(draws.latents);
    return path_lengths(synthesize(w, draws.noise), w, draws.image_noise, differentiable);
  };
  std::vector<Tensor> measured;
  for (const PathDraws& draws : parts) measured.push_back(lengths_of(draws, false).detach());
  const Tensor lengths = torch::cat(measured), mean_length = lengths.mean();
  const Tensor mean = path_mean + options_.path_decay * (mean_length - path_mean);
  const double value = finite((lengths - mean).square().mean(), "the path length penalty");
  // d penalty / d length, through the mean as well, of which every length is a share.
  const Tensor slopes = 2 / static_cast<double>(lengths.size(0)) *
                        ((lengths - mean) - options_.path_decay * (mean_length - mean)) *
                        (options_.path_weight * options_.g_reg_every);
  int64_t from = 0;
  for (const PathDraws& draws : parts) {
    const Tensor part = lengths_of(draws, true);
    (part * slopes.slice(0, from, from + part.size(0))).sum().backward();
    from += part.size(0);
  }
  path_mean = mean;
  return {value, lengths};
}

double GanTrainer::update_discriminator(const char* term) {
  return update(discriminator_optimizer_, "discriminator", term);
}
double GanTrainer::update_generator(const char* term) {
  return update(generator_optimizer_, "generator", term);
}

StateDict GanTrainer::state() const {
  StateDict state;
  add_under(state, "g.", nets::state_of(*generator));
  add_under(state, "g_ema.", nets::state_of(*average));
  add_under(state, "d.", nets::state_of(*discriminator));
  add_under(state, "g_optim.", generator_optimizer_.state());
  add_under(state, "d_optim.", discriminator_optimizer_.state());
  state["path_mean"] = path_mean;
  return state;
}

void GanTrainer::load_state(const StateDict& state, std::string_view what) {
  const auto source = std::string(what);
  nets::load_strict(*generator, entries_under(state, "g."), source + ": g");
  nets::load_strict(*average, entries_under(state, "g_ema."), source + ": g_ema");
  nets::load_strict(*discriminator, entries_under(state, "d."), source + ": d");
  generator_optimizer_.load_state(entries_under(state, "g_optim."), source + ": g_optim");
  discriminator_optimizer_.load_state(entries_under(state, "d_optim."), source + ": d_optim");
  const auto mean = state.find("path_mean");
  require(mean != state.end() && mean->second.numel() == 1, "{}: no number 'path_mean'", what);
  path_mean = mean->second.reshape({}).to(path_mean.options()).clone();
}

void GanTrainer::to(torch::Device device) {
  generator->to(device);
  average->to(device);
  discriminator->to(device);
  path_mean = path_mean.to(device);
  generator_optimizer_.to(device);
  discriminator_optimizer_.to(device);
}

}  // namespace lifted::train
