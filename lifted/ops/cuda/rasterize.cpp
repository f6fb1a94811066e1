#include "lifted/ops/cuda/on_card.h"
#include "lifted/ops/cuda/rasterize_threads.h"

namespace lifted::ops {

RasterizeOutputs cuda::rasterize(const RasterizeInputs& in) {
  const c10::cuda::CUDAGuard guard(in.vertices.device());
  return rasterize(on_card, in);
}

RasterizeGradients cuda::rasterize_backward(const RasterizeGradientInputs& in) {
  const c10::cuda::CUDAGuard guard(in.vertices.device());
  return rasterize_backward(on_card, in);
}

}  // namespace lifted::ops
