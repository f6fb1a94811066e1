#include "lifted/ops/cuda/direction_distance_threads.h"
#include "lifted/ops/cuda/on_card.h"

namespace lifted::ops {

Tensor cuda::direction_distance(const Tensor& x, const Tensor& target, const OptionalTensor& weight) {
  const c10::cuda::CUDAGuard guard(x.device());
  return direction_distance(on_card, x, target, weight);
}

Tensor cuda::direction_distance_gradient(const Tensor& x, const Tensor& target, const OptionalTensor& weight,
                                         const Tensor& scale_any) {
  const c10::cuda::CUDAGuard guard(x.device());
  return direction_distance_gradient(on_card, x, target, weight, scale_any);
}

}  // namespace lifted::ops
