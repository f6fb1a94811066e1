#include "lifted/ops/adam_update.h"

#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

constexpr AdamUpdate* kOnCard = LIFTED_CUDA_KERNEL(cuda::adam_update);

bool takes_kernel(const AdamEntry& entry, bool waits_for_flag) {
  const Tensor& t = entry.parameter;
  if (t.scalar_type() != at::kFloat || !t.is_non_overlapping_and_dense()) return false;
  return t.is_cpu() ? !waits_for_flag : t.is_cuda() && kHasCudaKernels;
}

/// With the gradients where their parameters lie, element by element in memory (channels_last, for one).
std::vector<AdamEntry> aligned(const std::vector<AdamEntry>& entries) {
  std::vector<AdamEntry> result = entries;
  for (AdamEntry& entry : result) {
    const bool alike = !entry.gradient.defined() || entry.gradient.strides() == entry.parameter.strides();
    if (!alike) entry.gradient = at::empty_like(entry.parameter).copy_(entry.gradient);
  }
  return result;
}

}  // namespace

void adam_update(const std::vector<AdamEntry>& entries, const AdamUpdateOptions& options, const Tensor& proceed,
                 Implementation implementation) {
  const at::NoGradGuard guard;
  std::vector<AdamEntry> with_kernel, composed;
  for (const AdamEntry& entry : entries) {
    const bool kernel = implementation == Implementation::fused && takes_kernel(entry, proceed.defined());
    (kernel ? with_kernel : composed).push_back(entry);
  }
  for (const AdamEntry& entry : composed) reference::adam_update(entry, options, proceed);
  if (with_kernel.empty()) return;
  with_kernel = aligned(with_kernel);
  AdamUpdate* const update = with_kernel[0].parameter.is_cpu() ? cpu::adam_update : kOnCard;
  update(with_kernel, options, proceed);
  // Written behind torch's back: whoever keeps something derived from the weights asks for their version.
  for (const AdamEntry& entry : with_kernel) torch::autograd::impl::bump_version(entry.parameter);
}

}  // namespace lifted::ops
