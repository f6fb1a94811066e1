#include "lifted/train/augment.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/device.h"
#include "lifted/ops/affine_warp.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr double kPi = 3.14159265358979323846;

// ---- Matrices: B parameters → B×n×n ----

/// Fills a batch of matrices from rows of elements, each a B-vector or a number.
class MatrixBatch {
 public:
  MatrixBatch(int64_t batch, int64_t n) : value_(torch::eye(n, torch::kFloat64).repeat({batch, 1, 1})) {}
  MatrixBatch& set(int64_t row, int64_t column, const Tensor& element) {
    value_.select(1, row).select(1, column).copy_(element);
    return *this;
  }
  Tensor get() const { return value_; }

 private:
  Tensor value_;
};

Tensor translation(const Tensor& x, const Tensor& y) {
  return MatrixBatch(x.size(0), 3).set(0, 2, x).set(1, 2, y).get();
}

Tensor scaling(const Tensor& x, const Tensor& y) {
  return MatrixBatch(x.size(0), 3).set(0, 0, x).set(1, 1, y).get();
}

Tensor rotation(const Tensor& angle) {
  const auto c = angle.cos(), s = angle.sin();
  return MatrixBatch(angle.size(0), 3).set(0, 0, c).set(0, 1, -s).set(1, 0, s).set(1, 1, c).get();
}

// ---- Random parameters: `neutral` where a sample is left alone ----

class Dice {
 public:
  Dice(int64_t batch, at::Generator& generator) : batch_(batch), generator_(generator) {}

  Tensor uniform(double low, double high) {
    return torch::rand({batch_}, generator_, torch::kFloat64) * (high - low) + low;
  }
  Tensor normal(double deviation) { return torch::randn({batch_}, generator_, torch::kFloat64) * deviation; }
  /// 2^N(0, deviation).
  Tensor lognormal(double deviation) { return (normal(deviation) * std::log(2.0)).exp(); }
  /// A whole number from 0 to count − 1.
  Tensor category(int count) { return uniform(0, count).floor().clamp_max(count - 1); }
  Tensor sometimes(double p, const Tensor& value, double neutral) {
    return torch::where(uniform(0, 1) < p, value, torch::full_like(value, neutral));
  }

 private:
  int64_t batch_;
  at::Generator& generator_;
};

}  // namespace

Tensor sample_affine(double p, at::IntArrayRef image_sizes, at::Generator& generator) {
  const int64_t batch = image_sizes[0];
  const auto height = static_cast<double>(image_sizes[2]), width = static_cast<double>(image_sizes[3]);
  Dice dice(batch, generator);
  auto g = torch::eye(3, torch::kFloat64).repeat({batch, 1, 1});
  const auto then = [&g](const Tensor& matrix) { g = torch::matmul(matrix, g); };
  const auto ones = torch::ones({batch}, torch::kFloat64);

  // Pixel blits.
  then(scaling(1 - 2 * dice.sometimes(p, dice.category(2), 0), ones));
  then(rotation(-kPi / 2 * dice.sometimes(p, dice.category(4), 0)));
  const auto whole = dice.uniform(0, 1);
  const auto shift_x = torch::round(dice.uniform(-0.125, 0.125) * width),
             shift_y = torch::round(dice.uniform(-0.125, 0.125) * height);
  then(translation(torch::where(whole < p, shift_x, 0 * shift_x), torch::where(whole < p, shift_y, 0 * shift_y)));

  // Geometry. Two rotations around the stretch; together they happen with probability p.
  const auto scale = dice.sometimes(p, dice.lognormal(0.2), 1);
  then(scaling(scale, scale));
  const double p_rotation = 1 - std::sqrt(1 - p);
  then(rotation(dice.sometimes(p_rotation, dice.uniform(-kPi, kPi), 0)));
  const auto stretch = dice.sometimes(p, dice.lognormal(0.2), 1);
  then(scaling(stretch, 1 / stretch));
  then(rotation(dice.sometimes(p_rotation, dice.uniform(-kPi, kPi), 0)));
  const auto fraction = dice.uniform(0, 1);
  const auto move_x = dice.normal(0.125) * width, move_y = dice.normal(0.125) * height;
  then(translation(torch::where(fraction < p, move_x, 0 * move_x), torch::where(fraction < p, move_y, 0 * move_y)));
  return g.to(torch::kFloat32);
}

Tensor sample_color(double p, int64_t batch, at::Generator& generator) {
  Dice dice(batch, generator);
  const auto identity = torch::eye(4, torch::kFloat64);
  auto c = identity.repeat({batch, 1, 1});
  const auto then = [&c](const Tensor& matrix) { c = torch::matmul(matrix, c); };
  // The luma axis, as a direction and as the projection onto it.
  auto axis = torch::full({4}, 1 / std::sqrt(3.0), torch::kFloat64);
  axis[3] = 0;
  const auto luma = torch::outer(axis, axis);
  const auto number = [](const Tensor& value) { return value.view({-1, 1, 1}); };

  const auto brightness = dice.sometimes(p, dice.normal(0.2), 0);
  then(MatrixBatch(batch, 4).set(0, 3, brightness).set(1, 3, brightness).set(2, 3, brightness).get());
  const auto contrast = dice.sometimes(p, dice.lognormal(0.5), 1);
  then(MatrixBatch(batch, 4).set(0, 0, contrast).set(1, 1, contrast).set(2, 2, contrast).get());
  then(identity - 2 * luma * number(dice.sometimes(p, dice.category(2), 0)));

  // Rodrigues' rotation about the luma axis; the homogeneous coordinate stays.
  const auto hue = dice.sometimes(p, dice.uniform(-kPi, kPi), 0);
  const double v = 1 / std::sqrt(3.0);
  const auto cross =
      torch::tensor({0.0, -v, v, 0.0, v, 0.0, -v, 0.0, -v, v, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}, torch::kFloat64)
          .view({4, 4});
  auto colors = identity.clone();
  colors[3][3] = 0;
  then(identity - colors + luma + number(hue.cos()) * (colors - luma) + number(hue.sin()) * cross);

  const auto saturation = dice.sometimes(p, dice.lognormal(1), 1);
  then(identity - colors + luma + number(saturation) * (colors - luma));
  return c.to(torch::kFloat32);
}

Tensor apply_color(const Tensor& images, const Tensor& color) {
  TORCH_CHECK(images.dim() == 4 && images.size(1) == 3 && color.sizes() == at::IntArrayRef({images.size(0), 4, 4}),
              "apply_color: images ", images.sizes(), " need matrices of shape [", images.size(0), ", 4, 4], got ",
              color.sizes());
  const auto matrices = to_device(color, images.device()).to(images.scalar_type());
  const auto mixed = torch::matmul(matrices.slice(1, 0, 3).slice(2, 0, 3), images.flatten(2));
  return (mixed + matrices.slice(1, 0, 3).slice(2, 3, 4)).view(images.sizes());
}

AugmentDraw draw_augmentation(double p, at::IntArrayRef image_sizes, at::Generator& generator) {
  if (p <= 0) return {};
  AugmentDraw draw;
  draw.affine = sample_affine(p, image_sizes, generator);
  draw.color = sample_color(p, image_sizes[0], generator);
  return draw;
}

Tensor augment(const Tensor& images, const AugmentDraw& draw) {
  if (!draw.affine.defined()) return images;
  return apply_color(ops::affine_warp(images, torch::linalg_inv(draw.affine.to(torch::kFloat64))), draw.color);
}

Tensor augment(const Tensor& images, double p, at::Generator& generator) {
  return augment(images, draw_augmentation(p, images.sizes(), generator));
}

void AugmentationController::observe(const Tensor& real_logits) {
  observe_signs(real_logits.detach().sign().sum(), real_logits.size(0));
}

void AugmentationController::observe_signs(const Tensor& sum, int64_t count) {
  const Tensor signs = sum.to(torch::kFloat64).reshape({});
  unread_ = unread_.defined() ? unread_ + signs : signs;
  count_ += count;
  if (count_ < options_.update_every) return;
  read();
  r_t_ = sign_sum_ / static_cast<double>(count_);
  const double direction = r_t_ > options_.target ? 1 : -1;
  p_ =
      std::clamp(p_ + direction * static_cast<double>(count_) / static_cast<double>(options_.images_to_full), 0.0, 1.0);
  sign_sum_ = 0;
  count_ = 0;
}

void AugmentationController::read() const {
  if (unread_.defined()) sign_sum_ += unread_.item<double>();
  unread_ = Tensor();
}

AugmentationController::State AugmentationController::state() const {
  read();
  return {p_, r_t_, sign_sum_, count_};
}

void AugmentationController::load_state(const State& state) {
  unread_ = Tensor();
  p_ = state.p;
  r_t_ = state.r_t;
  sign_sum_ = state.sign_sum;
  count_ = state.count;
}

}  // namespace lifted::train
