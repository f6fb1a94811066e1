#include "lifted/ops/direction_distance.h"

#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {

Tensor call::direction_distance(const Tensor& x, const Tensor& target, const OptionalTensor& weight) {
  static const auto op = find_op<DirectionDistance>("lifted::direction_distance");
  return op.call(x, target, weight);
}

Tensor call::direction_distance_gradient(const Tensor& x, const Tensor& target, const OptionalTensor& weight,
                                         const Tensor& scale) {
  static const auto op = find_op<DirectionDistanceGradient>("lifted::direction_distance_gradient");
  return op.call(x, target, weight, scale);
}

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def("direction_distance(Tensor x, Tensor target, Tensor? weight) -> Tensor");
  m.def("direction_distance_gradient(Tensor x, Tensor target, Tensor? weight, Tensor scale) -> Tensor");
  implement<DirectionDistance>(m, "direction_distance",
                               {.cpu = fp32_kernel<cpu::direction_distance, reference::direction_distance>,
                                .cuda = LIFTED_CUDA_KERNEL(cuda::direction_distance),
                                .elsewhere = reference::direction_distance,
                                .autograd = autograd::direction_distance});
  implement<DirectionDistanceGradient>(
      m, "direction_distance_gradient",
      {.cpu = fp32_kernel<cpu::direction_distance_gradient, reference::direction_distance_gradient>,
       .cuda = LIFTED_CUDA_KERNEL(cuda::direction_distance_gradient),
       .elsewhere = reference::direction_distance_gradient,
       .autograd = reference_gradient<reference::direction_distance_gradient, call::direction_distance_gradient>});
}

Tensor direction_distance(const Tensor& x, const Tensor& target, const Tensor& weight, Implementation implementation) {
  TORCH_CHECK(x.dim() == 4 && x.sizes() == target.sizes(), "direction_distance: x ", x.sizes(), " and target ",
              target.sizes(), " must be B×C×H×W and alike");
  TORCH_CHECK(!weight.defined() || (weight.dim() == 4 && weight.size(0) == x.size(0) && weight.size(1) == 1 &&
                                    weight.size(2) == x.size(2) && weight.size(3) == x.size(3)),
              "direction_distance: weight must be B×1×H×W to fit x ", x.sizes());
  if (implementation == Implementation::reference) {
    return in_fp32<reference::direction_distance>(x, target, optional(weight));
  }
  TORCH_CHECK(!wants_gradient(target, weight), "direction_distance: only x may require a gradient in the fused form");
  return call::direction_distance(x, target, optional(weight));
}

}  // namespace lifted::ops
