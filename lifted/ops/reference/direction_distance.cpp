#include "lifted/ops/backends.h"

namespace lifted::ops {
namespace {

/// 1 / |x| along the channels, B×1×H×W. A zero vector stays zero and has no gradient; the square is replaced before the
/// root, whose derivative at 0 is infinite.
Tensor inverse_length(const Tensor& map) {
  const Tensor square = map.square().sum(1, true), none = square <= 1e-24;
  return torch::where(none, torch::zeros_like(square), square.masked_fill(none, 1).rsqrt());
}

}  // namespace

Tensor reference::direction_distance(const Tensor& x, const Tensor& target, const OptionalTensor& weight) {
  const Tensor difference = (x * inverse_length(x) - target * inverse_length(target)).square();
  return weight ? (difference.sum(1, true) * *weight).sum() : difference.sum();
}

Tensor reference::direction_distance_gradient(const Tensor& x, const Tensor& target, const OptionalTensor& weight,
                                              const Tensor& scale) {
  const Tensor inverse = inverse_length(x), unit = x * inverse, goal = target * inverse_length(target);
  // What is left of 2·(x̂ − t̂) across x̂ is 2·(cos·x̂ − t̂); dividing by |x| makes it a derivative.
  const Tensor across = (unit * goal).sum(1, true) * unit - goal, factor = 2 * scale * inverse;
  return across * (weight ? factor * *weight : factor);
}

}  // namespace lifted::ops
