#include "lifted/ops/counter_normal.h"

#include "lifted/base/device.h"
#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

constexpr CounterNormal* kNormalsOnCard = LIFTED_CUDA_KERNEL(cuda::counter_normal);

}  // namespace

Tensor counter_normal(int64_t count, uint64_t key, uint64_t block, torch::Device device) {
  const at::NoGradGuard guard;
  if (device.is_cuda() && kHasCudaKernels) {
    auto out = at::empty({count}, at::TensorOptions(device));
    kNormalsOnCard(out, key, block);
    return out;
  }
  auto out = at::empty({count}, staging_options(device, at::kFloat));
  cpu::counter_normal(out, key, block);
  return to_device(out, device);
}

}  // namespace lifted::ops
