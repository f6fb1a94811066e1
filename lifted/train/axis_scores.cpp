#include "lifted/train/axis_scores.h"

#include <cmath>

#include "lifted/base/error.h"

namespace lifted::train {

AxisScore axis_score(const torch::Tensor& read, const torch::Tensor& truth) {
  require(read.dim() == 1 && read.sizes() == truth.sizes() && read.numel() >= 2,
          "scores need two lists of equal length, at least two numbers each, got {} and {}", read.numel(),
          truth.numel());
  const auto x = read.to(torch::kFloat64), y = truth.to(torch::kFloat64);
  require(x.isfinite().all().item<bool>() && y.isfinite().all().item<bool>(), "scores: a number is NaN or infinite");
  const auto centered_x = x - x.mean(), centered_y = y - y.mean();
  const double xx = centered_x.square().sum().item<double>(), yy = centered_y.square().sum().item<double>();
  const double xy = (centered_x * centered_y).sum().item<double>();
  AxisScore score;
  score.absolute_error = (x - y).abs().mean().item<double>();
  score.bias = (x - y).mean().item<double>();
  if (yy > 0) score.slope = xy / yy;
  if (yy > 0) score.r2 = 1 - (x - y).square().sum().item<double>() / yy;
  if (xx > 0 && yy > 0) score.correlation = xy / std::sqrt(xx * yy);
  return score;
}

}  // namespace lifted::train
