#include "lifted/ops/rowwise_linear.h"

#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

Tensor call_rowwise_linear(const Tensor& x, const Tensor& weight, const OptionalTensor& bias) {
  static const auto op = find_op<RowwiseLinear>("lifted::rowwise_linear");
  return op.call(x, weight, bias);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def("rowwise_linear(Tensor x, Tensor weight, Tensor? bias) -> Tensor");
  implement<RowwiseLinear>(m, "rowwise_linear",
                           {.cpu = fp32_kernel<cpu::rowwise_linear, reference::rowwise_linear>,
                            .cuda = nullptr,
                            .elsewhere = reference::rowwise_linear,
                            .autograd = reference_gradient<reference::rowwise_linear, call_rowwise_linear>});
}

Tensor rowwise_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Implementation implementation) {
  TORCH_CHECK(x.dim() == 2 && weight.dim() == 2 && x.size(1) == weight.size(1),
              "rowwise_linear: x must be B×K and weight N×K, got ", x.sizes(), " and ", weight.sizes());
  const auto f = implementation == Implementation::reference ? in_fp32<reference::rowwise_linear> : call_rowwise_linear;
  return f(x, weight, optional(bias));
}

}  // namespace lifted::ops
