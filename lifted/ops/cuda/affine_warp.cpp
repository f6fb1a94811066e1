#include "lifted/ops/cuda/affine_warp_threads.h"
#include "lifted/ops/cuda/on_card.h"

namespace lifted::ops {

Tensor cuda::affine_warp(const Tensor& images, const Tensor& inverse, bool adjoint) {
  const c10::cuda::CUDAGuard guard(images.device());
  return affine_warp(on_card, images, inverse, adjoint);
}

}  // namespace lifted::ops
