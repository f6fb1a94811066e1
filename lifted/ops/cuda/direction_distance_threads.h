// direction_distance on a card, but for the launch: what the threads are given and how many there are. `launch(body,
// count)` runs body(0) … body(count − 1); tests do so in a loop.
#pragma once

#include "lifted/ops/backends.h"
#include "lifted/ops/cuda/direction_distance_body.h"

namespace lifted::ops::cuda {

/// fp32, planar copies where the tensors are not so already, and what points into them.
struct PlanarMaps {
  PlanarMaps(const Tensor& x_any, const Tensor& target_any, const OptionalTensor& weight_any)
      : x(x_any.to(at::kFloat).contiguous()),
        target(target_any.to(at::kFloat).contiguous()),
        weight(weight_any ? weight_any->to(at::kFloat).contiguous() : Tensor()),
        places(x.size(0) * x.size(2) * x.size(3)) {}
  DirectionMapsOnCard body() const {
    return {x.data_ptr<float>(), target.data_ptr<float>(), weight.defined() ? weight.data_ptr<float>() : nullptr,
            x.size(1), x.size(2) * x.size(3)};
  }
  Tensor x, target, weight;
  int64_t places;
};

template <typename Launch>
Tensor direction_distance(const Launch& launch, const Tensor& x, const Tensor& target, const OptionalTensor& weight) {
  if (x.scalar_type() == at::kDouble) return reference::direction_distance(x, target, weight);
  const PlanarMaps maps(x, target, weight);
  const auto distances = at::empty({maps.places}, maps.x.options());
  launch(DirectionDistanceThread{maps.body(), distances.data_ptr<float>()}, maps.places);
  return distances.sum(at::kDouble).to(x.scalar_type());
}

template <typename Launch>
Tensor direction_distance_gradient(const Launch& launch, const Tensor& x, const Tensor& target,
                                   const OptionalTensor& weight, const Tensor& scale_any) {
  if (x.scalar_type() == at::kDouble) {
    return reference::direction_distance_gradient(x, target, weight, scale_any);
  }
  const PlanarMaps maps(x, target, weight);
  const auto scale = scale_any.to(at::kFloat).contiguous();
  auto gradient = at::empty(maps.x.sizes(), maps.x.options());
  launch(DirectionDistanceGradientThread{maps.body(), scale.data_ptr<float>(), gradient.data_ptr<float>()},
         maps.places);
  return gradient.to(x.scalar_type());
}

}  // namespace lifted::ops::cuda
