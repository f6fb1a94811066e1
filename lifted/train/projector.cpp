#include "lifted/train/projector.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "lifted/base/bounds.h"
#include "lifted/base/error.h"
#include "lifted/train/random_streams.h"
#include "lifted/train/step_guard.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr double kRampUp = 0.05, kRampDown = 0.25;
constexpr int64_t kDeviationCodes = 2000, kSmallestMap = 8;

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

/// The generator's stored noise maps, to be optimized in place; their values return at the end.
class BorrowedNoise {
 public:
  BorrowedNoise(const nets::Stylegan2Generator& generator, at::Generator random) {
    const torch::NoGradGuard guard;
    for (const auto& item : generator->named_buffers()) {
      if (item.key().find("noises.") == std::string::npos) continue;
      maps_.push_back(item.value());
      values_.push_back(item.value().clone());
      maps_.back().copy_(torch::randn(item.value().sizes(), random));
      maps_.back().requires_grad_(true);
    }
  }
  ~BorrowedNoise() {
    const torch::NoGradGuard guard;
    for (size_t i = 0; i < maps_.size(); ++i) {
      maps_[i].requires_grad_(false);
      maps_[i].copy_(values_[i]);
    }
  }
  BorrowedNoise(const BorrowedNoise&) = delete;
  BorrowedNoise& operator=(const BorrowedNoise&) = delete;

  const std::vector<Tensor>& maps() const { return maps_; }
  /// To mean 0 and variance 1.
  void normalize() {
    const torch::NoGradGuard guard;
    for (auto& map : maps_) {
      map.sub_(map.mean());
      map.mul_(map.square().mean().rsqrt());
    }
  }

 private:
  std::vector<Tensor> maps_, values_;
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
  Projector(const nets::Stylegan2Generator& generator, const PerceptualLoss* perceptual, const Tensor& targets,
            const ProjectorOptions& options)
      : generator_(generator),
        perceptual_(options.perceptual > 0 ? perceptual : nullptr),
        targets_(targets),
        options_(options),
        random_(options.seed) {
    if (!perceptual_) return;
    const torch::NoGradGuard guard;
    wanted_ = perceptual_->features(targets_);
  }

  Projection run(const Tensor& mean, const ProjectionProgress& progress) {
    const int64_t layers = options_.per_layer ? generator_->layers() : 1;
    const Tensor start = mean.expand({targets_.size(0), layers, mean.size(0)});
    const double scale = deviation_of_codes(generator_, mean, random_.get("deviation")) * options_.exploration;
    std::optional<BorrowedNoise> noise;
    if (options_.noise_maps) noise.emplace(generator_, random_.get("noise maps"));
    UnknownsImpl unknowns(start, noise ? noise->maps() : std::vector<Tensor>());
    Adam optimizer(unknowns, {.lr = options_.lr, .beta1 = 0.9, .beta2 = 0.999});
    for (int step = 0; step < options_.steps; ++step) {
      const double t = static_cast<double>(step) / options_.steps;
      optimizer.set_learning_rate(learning_rate(options_, t));
      const double strength = scale * std::pow(std::max(0.0, 1 - t / options_.explored), 2);
      const Tensor jitter = torch::randn(unknowns.codes.sizes(), random_.get("exploration")).to(mean.device());
      const Tensor images = image_of(unknowns.codes + strength * jitter);
      Tensor loss = distance(images);
      for (const auto& map : unknowns.noise) loss = loss + options_.noise_weight * noise_autocorrelation(map);
      const double value = loss.item<double>();
      if (!std::isfinite(value)) throw NonFiniteError(fmt::format("projection: step {}: the loss is {}", step, value));
      loss.backward();
      optimizer.step();
      optimizer.zero_gradients();
      if (noise) noise->normalize();
      if (progress) progress(step, value, images.detach());
    }
    return result(unknowns);
  }

 private:
  /// codes: N×1×w_dim or N×layers×w_dim.
  Tensor image_of(const Tensor& codes) const {
    return generator_->synthesize(options_.per_layer ? codes : codes.squeeze(1)).image;
  }

  /// Summed over images, so that each has the gradient it would have alone.
  Tensor distance(const Tensor& images) const {
    const auto count = static_cast<double>(images.size(0));
    Tensor loss = options_.pixel * count * (images - targets_).abs().mean();
    if (perceptual_)
      loss = loss + options_.perceptual * count * perceptual_->distance(perceptual_->features(images), wanted_);
    return loss;
  }

  Projection result(const UnknownsImpl& unknowns) const {
    const torch::NoGradGuard guard;
    Projection projection;
    projection.codes =
        options_.per_layer ? unknowns.codes.detach().clone() : unknowns.codes.detach().squeeze(1).clone();
    projection.images = generator_->synthesize(projection.codes).image;
    projection.error = (projection.images - targets_).abs().mean({1, 2, 3});
    for (const auto& map : unknowns.noise) projection.noise.push_back(map.detach().clone());
    return projection;
  }

  const nets::Stylegan2Generator& generator_;
  const PerceptualLoss* perceptual_;
  Tensor targets_;
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

}  // namespace

void ProjectorOptions::validate() const {
  bounds::steps.check("--steps", steps);
  bounds::learning_rate.check("--lr", lr);
  bounds::weight.check("--pixel", pixel);
  bounds::weight.check("--perceptual", perceptual);
  if (pixel + perceptual == 0)
    usage_error("--pixel {} --perceptual {}: expected weights of which one is positive", pixel, perceptual);
}

Tensor noise_autocorrelation(const Tensor& noise) {
  Tensor map = noise, sum;
  while (true) {
    for (const int64_t axis : {2, 3}) {
      const Tensor term = (map * map.roll(1, axis)).mean().square();
      sum = sum.defined() ? sum + term : term;
    }
    if (map.size(2) <= kSmallestMap) return sum;
    map = torch::avg_pool2d(map, 2);
  }
}

Projection project(const nets::Stylegan2Generator& generator, const model::WStatistics& statistics,
                   const PerceptualLoss* perceptual, const Tensor& targets, const ProjectorOptions& options,
                   const ProjectionProgress& progress) {
  options.validate();
  const int size = generator->config().size;
  require(targets.dim() == 4 && targets.size(0) > 0 && targets.size(1) == 3 && targets.size(2) == size &&
              targets.size(3) == size,
          "projection: targets of shape {}, expected N×3×{}×{}", fmt::join(targets.sizes(), "×"), size, size);
  require(perceptual || options.pixel > 0, "projection: no perceptual network, and the weight of pixels is 0");
  for (auto& parameter : generator->parameters()) parameter.requires_grad_(false);
  // The stored noise maps are the generator's own: with them, one image at a time.
  const int64_t at_once = options.noise_maps ? 1 : targets.size(0);
  std::vector<Projection> parts;
  for (const Tensor& part : targets.split(at_once))
    parts.push_back(
        Projector(generator, perceptual, part, options).run(statistics.mean.to(targets.device()), progress));
  return joined(std::move(parts));
}

}  // namespace lifted::train
