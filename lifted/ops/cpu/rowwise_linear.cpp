#include <ATen/Parallel.h>

#include "lifted/ops/backends.h"
#include "lifted/ops/cpu/rowwise_linear_kernel.h"

namespace lifted::ops {

Tensor cpu::rowwise_linear(const Tensor& x, const Tensor& weight, const OptionalTensor& bias) {
  const Tensor rows = x.contiguous(), matrix = weight.contiguous();
  const Tensor offset = bias ? bias->contiguous() : Tensor();
  Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
  RowwiseLinearParams params{rows.data_ptr<float>(),
                             matrix.data_ptr<float>(),
                             offset.defined() ? offset.data_ptr<float>() : nullptr,
                             y.data_ptr<float>(),
                             x.size(0),
                             x.size(1),
                             weight.size(0),
                             0,
                             0};
  at::parallel_for(0, params.outputs, 64, [&](int64_t begin, int64_t end) {
    RowwiseLinearParams part = params;
    part.first_output = begin;
    part.last_output = end;
    LIFTED_CALL_ISA(rowwise_linear, part);
  });
  return y;
}

}  // namespace lifted::ops
