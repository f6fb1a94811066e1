#include "lifted/train/projector.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "lifted/base/bounds.h"
#include "lifted/base/error.h"
#include "lifted/train/borrowed_noise.h"
#include "lifted/train/lbfgs.h"
#include "lifted/train/random_streams.h"
#include "lifted/train/step_guard.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr double kRampUp = 0.05, kRampDown = 0.25;
constexpr int64_t kDeviationCodes = 2000;
constexpr double kFirstStep = 0.05;                  // of L-BFGS, in standard deviations of w
constexpr int64_t kPixelsAtOnce = int64_t{1} << 18;  // 64 images of 64²: about a gigabyte of what gradients need

/// What is optimized.
struct UnknownsImpl : torch::nn::Module {
  UnknownsImpl(const Tensor& start, const std::vector<Tensor>& noise_maps) {
    codes = register_parameter("codes", start.clone());
    for (size_t i = 0; i < noise_maps.size(); ++i)
      noise.push_back(register_parameter("noise_" + std::to_string(i), noise_maps[i]));
  }
  Tensor codes;
  std::vector<Tensor> noise;
};

double learning_rate(const ProjectorOptions& options, double t) {
  const double down = std::min(1.0, (1 - t) / kRampDown), up = std::min(1.0, t / kRampUp);
  return options.lr * (0.5 - 0.5 * std::cos(std::numbers::pi * down)) * up;
}

double deviation_of_codes(const nets::Stylegan2Generator& generator, const Tensor& mean, at::Generator random) {
  const torch::NoGradGuard guard;
  const auto z = torch::randn({kDeviationCodes, generator->config().z_dim}, random).to(mean.device());
  return std::sqrt((generator->map(z) - mean).square().sum(1).mean().item<double>());
}

class Projector {
 public:
  Projector(const nets::Stylegan2Generator& generator, const Tensor& mean, const PerceptualLoss* perceptual,
            const Tensor& targets, const ProjectorOptions& options)
      : generator_(generator),
        perceptual_(options.perceptual > 0 ? perceptual : nullptr),
        mean_(mean),
        targets_(targets),
        options_(options),
        random_(options.seed) {
    if (!perceptual_) return;
    const torch::NoGradGuard guard;
    wanted_ = perceptual_->features(targets_);
  }

  /// from: w_dim, where every search starts and explores, or N×w_dim.
  Projection run(const Tensor& from, const ProjectionStart& start, const ProjectionProgress& progress) {
    const int64_t layers = options_.per_layer ? generator_->layers() : 1;
    const bool explores = from.dim() == 1;
    const Tensor codes = (explores ? from : from.unsqueeze(1)).expand({targets_.size(0), layers, from.size(-1)});
    held_ = start.held;
    if (held_) held_there_ = held_(codes.mean(1)).detach();
    const double deviation =
        explores || options_.quasi_newton ? deviation_of_codes(generator_, mean_, random_.get("deviation")) : 0;
    if (options_.quasi_newton) return run_quasi_newton(codes, kFirstStep * deviation, progress);
    return run_adam(codes, options_.exploration * (explores ? deviation : 0), progress);
  }

 private:
  /// codes: N×1×w_dim or N×layers×w_dim.
  Tensor image_of(const Tensor& codes) const {
    return generator_->synthesize(options_.per_layer ? codes : codes.squeeze(1)).image;
  }

  /// What is minimized for each image: N.
  Tensor losses(const Tensor& codes, const Tensor& images) const {
    Tensor loss = options_.pixel * (images - targets_).abs().mean({1, 2, 3});
    if (perceptual_)
      loss = loss + options_.perceptual * perceptual_->distance_of_each(perceptual_->features(images), wanted_);
    if (held_) loss = loss + options_.hold * (held_(codes.mean(1)) - held_there_).square().mean(1);
    return loss;
  }

  static double finite(int step, const Tensor& loss) {
    const double value = loss.sum().item<double>();
    if (!std::isfinite(value)) throw NonFiniteError(fmt::format("projection: step {}: the loss is {}", step, value));
    return value;
  }

  Projection run_adam(const Tensor& start, double scale, const ProjectionProgress& progress) {
    std::optional<BorrowedNoise> noise;
    if (options_.noise_maps) noise.emplace(generator_, random_.get("noise maps"));
    UnknownsImpl unknowns(start, noise ? noise->maps() : std::vector<Tensor>());
    Adam optimizer(unknowns, {.lr = options_.lr, .beta1 = 0.9, .beta2 = 0.999});
    for (int step = 0; step < options_.steps; ++step) {
      const double t = static_cast<double>(step) / options_.steps;
      optimizer.set_learning_rate(learning_rate(options_, t));
      const double strength = scale * std::pow(std::max(0.0, 1 - t / options_.explored), 2);
      const Tensor jitter = torch::randn(unknowns.codes.sizes(), random_.get("exploration")).to(start.device());
      const Tensor images = image_of(unknowns.codes + strength * jitter);
      Tensor loss = losses(unknowns.codes, images).sum();
      for (const auto& map : unknowns.noise) loss = loss + options_.noise_weight * noise_autocorrelation(map);
      const double value = finite(step, loss);
      loss.backward();
      optimizer.step();
      optimizer.zero_gradients();
      if (noise) noise->normalize();
      if (progress) progress(step, value, images.detach());
    }
    return result(unknowns.codes.detach(), unknowns.noise);
  }

  Projection run_quasi_newton(const Tensor& start, double first_step, const ProjectionProgress& progress) {
    Lbfgs search(start.flatten(1), first_step);
    for (int step = 0; step < options_.steps; ++step) {
      const Tensor codes = search.trial().detach().view(start.sizes()).clone().requires_grad_(true);
      const Tensor images = image_of(codes), loss = losses(codes, images);
      if (step == 0) finite(step, loss);
      search.take(loss, torch::autograd::grad({loss.sum()}, {codes})[0].flatten(1));
      if (progress) progress(step, search.values().sum().item<double>(), images.detach());
    }
    return result(search.point().view(start.sizes()), {});
  }

  Projection result(const Tensor& found, const std::vector<Tensor>& noise) const {
    const torch::NoGradGuard guard;
    const Tensor codes = found.clone();
    Projection projection = projection_of(generator_, options_.per_layer ? codes : codes.squeeze(1), targets_);
    for (const auto& map : noise) projection.noise.push_back(map.detach().clone());
    return projection;
  }

  const nets::Stylegan2Generator& generator_;
  const PerceptualLoss* perceptual_;
  Tensor mean_, targets_, held_there_;
  std::function<Tensor(const Tensor&)> held_;
  ProjectorOptions options_;
  RandomStreams random_;
  PerceptualLoss::Features wanted_;
};

Projection joined(std::vector<Projection> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  const auto all = [&](auto member) {
    std::vector<Tensor> tensors;
    for (const auto& part : parts) tensors.push_back(member(part));
    return torch::cat(tensors);
  };
  Projection projection{all([](const Projection& p) { return p.codes; }),
                        all([](const Projection& p) { return p.images; }),
                        all([](const Projection& p) { return p.error; }),
                        {}};
  for (size_t i = 0; i < parts[0].noise.size(); ++i)
    projection.noise.push_back(all([&](const Projection& p) { return p.noise[i]; }));
  return projection;
}

void check_codes(const Tensor& codes, int64_t count, int64_t width) {
  if (!codes.defined()) return;
  require(codes.dim() == 2 && codes.size(0) == count && codes.size(1) == width,
          "projection: codes to start from of shape {}, expected {}×{}", fmt::join(codes.sizes(), "×"), count, width);
}

}  // namespace

void ProjectorOptions::validate() const {
  bounds::steps.check("--steps", steps);
  bounds::learning_rate.check("--lr", lr);
  bounds::weight.check("--pixel", pixel);
  bounds::weight.check("--perceptual", perceptual);
  if (pixel + perceptual == 0)
    usage_error("--pixel {} --perceptual {}: expected weights of which one is positive", pixel, perceptual);
  if (quasi_newton && noise_maps) fail("projection: noise maps are found by Adam, not by L-BFGS");
}

int64_t searched_at_once(const ProjectorOptions& options, int size) {
  // The stored noise maps are the generator's own: with them, one image at a time.
  return options.noise_maps ? 1 : std::max<int64_t>(1, kPixelsAtOnce / (int64_t{size} * size));
}

Projection projection_of(const nets::Stylegan2Generator& generator, const Tensor& codes, const Tensor& targets) {
  const torch::NoGradGuard guard;
  Projection projection{codes, generator->synthesize(codes).image, {}, {}};
  projection.error = (projection.images - targets).abs().mean({1, 2, 3});
  return projection;
}

ProjectionStart start_at(const model::LoadedNetwork& network, const Tensor& codes) {
  if (!network.lifted || !codes.defined()) return {.codes = codes};
  nets::Decompose decompose = network.lifted->networks().decompose;
  for (auto& parameter : decompose->parameters()) parameter.requires_grad_(false);
  return {.codes = codes, .held = [decompose](const Tensor& w) { return decompose->forward(w).view; }};
}

Projection project(const nets::Stylegan2Generator& generator, const model::WStatistics& statistics,
                   const PerceptualLoss* perceptual, const Tensor& targets, const ProjectorOptions& options,
                   const ProjectionProgress& progress, const ProjectionStart& start) {
  if (options.steps == 0 && start.codes.defined()) return projection_of(generator, start.codes, targets);
  options.validate();
  const int size = generator->config().size;
  require(targets.dim() == 4 && targets.size(0) > 0 && targets.size(1) == 3 && targets.size(2) == size &&
              targets.size(3) == size,
          "projection: targets of shape {}, expected N×3×{}×{}", fmt::join(targets.sizes(), "×"), size, size);
  require(perceptual || options.pixel > 0, "projection: no perceptual network, and the weight of pixels is 0");
  check_codes(start.codes, targets.size(0), statistics.mean.size(0));
  for (auto& parameter : generator->parameters()) parameter.requires_grad_(false);
  const Tensor mean = statistics.mean.to(targets.device());
  const int64_t at_once = searched_at_once(options, size);
  std::vector<Projection> parts;
  for (int64_t first = 0; first < targets.size(0); first += at_once) {
    const Tensor part = targets.slice(0, first, first + at_once);
    const Tensor from = start.codes.defined() ? start.codes.slice(0, first, first + at_once).to(part.device()) : mean;
    parts.push_back(Projector(generator, mean, perceptual, part, options).run(from, start, progress));
  }
  return joined(std::move(parts));
}

}  // namespace lifted::train
