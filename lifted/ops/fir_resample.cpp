#include "lifted/ops/fir_resample.h"

#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {

Tensor call::fir_resample(const Tensor& x, const Tensor& kernel, at::IntArrayRef factors, at::IntArrayRef pads) {
  static const auto op = find_op<FirResample>("lifted::fir_resample");
  return op.call(x, kernel, factors, pads);
}

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def("fir_resample(Tensor x, Tensor kernel, int[] factors, int[] pads) -> Tensor");
  implement<FirResample>(m, "fir_resample",
                         {.cpu = in_fp32<cpu::fir_resample>,
                          .cuda = LIFTED_CUDA_KERNEL(cuda::fir_resample),
                          .elsewhere = reference::fir_resample,
                          .autograd = autograd::fir_resample});
}

Tensor fir_resample(const Tensor& x, const Tensor& kernel, const FirResampleOptions& o, Implementation implementation) {
  TORCH_CHECK(x.dim() == 4, "fir_resample: x must be B×C×H×W, got ", x.sizes());
  TORCH_CHECK(kernel.dim() == 2 && kernel.numel() > 0, "fir_resample: kernel must be kh×kw, got ", kernel.sizes());
  TORCH_CHECK(o.up_x > 0 && o.up_y > 0 && o.down_x > 0 && o.down_y > 0, "fir_resample: factors must be positive");
  TORCH_CHECK(x.size(2) * o.up_y + o.pad_y0 + o.pad_y1 >= kernel.size(0) &&
                  x.size(3) * o.up_x + o.pad_x0 + o.pad_x1 >= kernel.size(1),
              "fir_resample: the padded image of ", x.sizes(), " is smaller than the kernel ", kernel.sizes());
  const auto f = implementation == Implementation::reference ? in_fp32<reference::fir_resample> : call::fir_resample;
  return f(x, kernel, {o.up_x, o.up_y, o.down_x, o.down_y}, {o.pad_x0, o.pad_x1, o.pad_y0, o.pad_y1});
}

Tensor fir_kernel(const std::vector<float>& taps, double gain) {
  const auto line = torch::tensor(taps);
  const auto square = at::outer(line, line);
  return square * (gain / square.sum());
}

}  // namespace lifted::ops
