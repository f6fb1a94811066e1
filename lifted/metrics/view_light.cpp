#include "lifted/metrics/view_light.h"

#include <cmath>

#include "lifted/metrics/samples.h"
#include "lifted/nets/view_light_probe.h"

namespace lifted::metrics {
namespace {
using torch::Tensor;

/// B×2 in −1 … 1: multiples of the plastic number's powers modulo 1 fill a square evenly in any order.
Tensor spread(int64_t first, int64_t count) {
  Tensor points = torch::empty({count, 2});
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t axis = 0; axis < 2; ++axis) {
      const double step = axis == 0 ? 0.7548776662466927 : 0.5698402909980532;
      const double position = 0.5 + static_cast<double>(first + i + 1) * step;
      points[i][axis] = 2 * (position - std::floor(position)) - 1;
    }
  }
  return points;
}

/// Rotations of a raw view and a raw light beside each other, in the probe's units.
Tensor axes_of(const model::LiftedGan& gan, const Tensor& view, const Tensor& light) {
  return torch::cat({view.slice(1, 0, 3) * (gan.config().rotation_degrees / nets::kViewLightUnits[0]), light}, 1);
}

}  // namespace

Reading predicted_reading(const model::LiftedGan& gan, const model::Estimate& estimate, const Tensor& w,
                          const Probe& probe) {
  const torch::NoGradGuard guard;
  return {axes_of(gan, estimate.view, estimate.canon_light), probe(as_stored(gan.proxy_image(w)))};
}

Reading requested_view_reading(const model::LiftedGan& gan, const model::Estimate& estimate, int64_t first,
                               const Probe& probe) {
  const torch::NoGradGuard guard;
  const double unit = gan.config().rotation_degrees;
  const Tensor points = spread(first, estimate.batch()).to(estimate.view.device());
  Tensor view = torch::zeros_like(estimate.view);
  view.select(1, 0).copy_(points.select(1, 0) * (15 / unit));
  view.select(1, 1).copy_(points.select(1, 1) * (45 / unit));
  view.select(1, 3).copy_(view.select(1, 1).sin() * 0.1);
  view.select(1, 4).copy_(view.select(1, 0).sin() * -0.2);
  model::RenderOptions options;
  options.view = view;
  return {axes_of(gan, view, estimate.canon_light), probe(as_stored(gan.render(estimate, options).recon_im))};
}

Reading requested_light_reading(const model::LiftedGan& gan, const model::Estimate& estimate, int64_t first,
                                const Probe& probe) {
  const torch::NoGradGuard guard;
  const Tensor points = spread(first, estimate.batch()).to(estimate.view.device());
  const Tensor direction = torch::stack({points.select(1, 0), points.select(1, 1) * 0.75 + 0.25}, 1);
  model::RenderOptions options;
  options.light = torch::cat({estimate.canon_light.slice(1, 0, 2), direction}, 1);
  return {axes_of(gan, estimate.view, options.light), probe(as_stored(gan.render(estimate, options).recon_im))};
}

}  // namespace lifted::metrics
