#include "lifted/ops/cuda/group_norm_relu_threads.h"
#include "lifted/ops/cuda/on_card.h"

namespace lifted::ops {

Tensor cuda::group_norm_relu(const Tensor& x, int64_t groups, const Tensor& weight_any, const Tensor& bias_any,
                             double eps) {
  const c10::cuda::CUDAGuard guard(x.device());
  return group_norm_relu(on_card, x, groups, weight_any, bias_any, eps);
}

}  // namespace lifted::ops
