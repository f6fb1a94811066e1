#include "lifted/ops/cuda/adam_update_threads.h"
#include "lifted/ops/cuda/on_card.h"

namespace lifted::ops {

void cuda::adam_update(const std::vector<AdamEntry>& entries, const AdamUpdateOptions& options, const Tensor& proceed) {
  const c10::cuda::CUDAGuard guard(entries.at(0).parameter.device());
  adam_update(on_card, entries, options, proceed);
}

}  // namespace lifted::ops
