#include "lifted/photo/tuning.h"

#include <cmath>

#include "lifted/nets/load.h"
#include "lifted/train/adam.h"
#include "lifted/train/step_guard.h"

namespace lifted::photo {
using torch::Tensor;

namespace {

nets::Stylegan2Generator copy_of(const nets::Stylegan2Generator& generator) {
  nets::Stylegan2Generator copy(generator->config());
  nets::load_strict(*copy, nets::state_of(*generator), "generator");
  copy->to(generator->parameters().front().device());
  return copy;
}

}  // namespace

model::LoadedNetwork tuned(const model::LoadedNetwork& network, const Tensor& code, const Tensor& target,
                           const train::PerceptualLoss* perceptual, const TuningOptions& options,
                           const std::function<void(int step, double loss)>& progress) {
  const torch::AutoGradMode gradients(true);
  model::LoadedNetwork result = network;
  result.generator = copy_of(network.generator);
  train::Adam optimizer(*result.generator, {.lr = options.lr, .skip_missing_gradients = true});
  train::PerceptualLoss::Features wanted;
  if (perceptual && options.perceptual > 0) wanted = perceptual->features(target);
  for (int step = 0; step < options.steps; ++step) {
    optimizer.zero_gradients();
    const Tensor image = result.generator->synthesize(code).image;
    Tensor loss = options.pixel * (image - target).abs().mean();
    if (!wanted.empty()) loss = loss + options.perceptual * perceptual->distance(perceptual->features(image), wanted);
    const double value = loss.item<double>();
    if (!std::isfinite(value)) throw train::NonFiniteError(fmt::format("tuning: step {}: the loss is {}", step, value));
    loss.backward();
    optimizer.step();
    if (progress) progress(step, value);
  }
  for (auto& parameter : result.generator->parameters()) {
    parameter.mutable_grad() = Tensor();
    parameter.requires_grad_(false);
  }
  if (network.lifted)
    result.lifted = std::make_shared<model::LiftedGan>(result.generator, network.lifted->networks(),
                                                       network.lifted->config(), network.lifted->statistics());
  result.provenance = {{"tool", "liftedgan project --tune"}, {"steps", options.steps}};
  return result;
}

}  // namespace lifted::photo
