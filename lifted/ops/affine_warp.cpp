#include "lifted/ops/affine_warp.h"

#include <torch/autograd.h>

#include "lifted/base/device.h"
#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

constexpr AffineWarp* kWarpOnCard = LIFTED_CUDA_KERNEL(cuda::affine_warp);

/// The kernel for such images, or null. No entry of torch's dispatcher: matrices lie on the CPU.
AffineWarp* warp_kernel(const Tensor& images) {
  if (images.scalar_type() != at::kFloat) return nullptr;
  return images.is_cpu() ? cpu::affine_warp : images.is_cuda() ? kWarpOnCard : nullptr;
}

/// The warp is linear in the images: its derivative is its adjoint, and the adjoint's is the warp.
struct KernelWarp : torch::autograd::Function<KernelWarp> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& images, const Tensor& inverse,
                        bool adjoint) {
    ctx->save_for_backward({inverse});
    ctx->saved_data["adjoint"] = adjoint;
    return warp_kernel(images)(images.contiguous(), inverse, adjoint);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list gradients) {
    return {KernelWarp::apply(gradients[0], ctx->get_saved_variables()[0], !ctx->saved_data["adjoint"].toBool()),
            Tensor(), Tensor()};
  }
};

Tensor warp(const Tensor& images, const Tensor& inverse, Implementation implementation) {
  const bool fused = implementation == Implementation::fused && warp_kernel(images) != nullptr;
  return fused ? KernelWarp::apply(images, inverse, false) : reference::affine_warp(images, inverse);
}

}  // namespace

const std::vector<float>& sym6_taps() {
  static const std::vector<float> taps = {0.015404109327027373f, 0.0034907120842174702f, -0.11799011114819057f,
                                          -0.048311742585633f,   0.4910559419267466f,    0.787641141030194f,
                                          0.3379294217276218f,   -0.07263752278646252f,  -0.021060292512300564f,
                                          0.04472490177066578f,  0.0017677118642428036f, -0.007800708325034148f};
  return taps;
}

Tensor affine_warp(const Tensor& images, const Tensor& inverse, Implementation implementation) {
  TORCH_CHECK(images.dim() == 4, "affine_warp: images must be B×C×H×W, got ", images.sizes());
  TORCH_CHECK(inverse.sizes() == at::IntArrayRef({images.size(0), 3, 3}), "affine_warp: images ", images.sizes(),
              " need matrices of shape [", images.size(0), ", 3, 3], got ", inverse.sizes());
  const auto matrices = inverse.detach().to(torch::kCPU, torch::kFloat64);
  TORCH_CHECK(matrices.isfinite().all().item<bool>(), "affine_warp: a matrix has elements that are not finite");

  const auto moved = matrices.ne(torch::eye(3, torch::kFloat64)).flatten(1).any(1).nonzero().flatten();
  if (moved.size(0) == 0) return images;
  if (moved.size(0) == images.size(0)) return warp(images, matrices, implementation);
  const auto index = to_device(moved, images.device());
  const auto some = warp(images.index_select(0, index), matrices.index_select(0, moved), implementation);
  return images.index_copy(0, index, some);
}

}  // namespace lifted::ops
