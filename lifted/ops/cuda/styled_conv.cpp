#include "lifted/ops/cuda/on_card.h"
#include "lifted/ops/cuda/styled_conv_threads.h"

namespace lifted::ops {

Tensor cuda::styled_conv(const PackedWeights& weights, const StyledConvInputs& in) {
  const c10::cuda::CUDAGuard guard(in.x.device());
  return styled_conv(on_card, weights, in);
}

}  // namespace lifted::ops
