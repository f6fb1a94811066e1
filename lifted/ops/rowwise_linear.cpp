#include "lifted/ops/rowwise_linear.h"

#include <ATen/Parallel.h>

#include "lifted/ops/cpu/rowwise_linear_kernel.h"

namespace lifted::ops {
namespace {

bool has_kernel(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias) {
  const bool needs_gradient = torch::GradMode::is_enabled() &&
                              (x.requires_grad() || weight.requires_grad() || (bias.defined() && bias.requires_grad()));
  const auto plain = [](const torch::Tensor& t) { return t.is_cpu() && t.scalar_type() == torch::kFloat32; };
  return !needs_gradient && plain(x) && plain(weight) && (!bias.defined() || plain(bias));
}

}  // namespace

torch::Tensor rowwise_linear(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias) {
  TORCH_CHECK(x.dim() == 2 && weight.dim() == 2 && x.size(1) == weight.size(1),
              "rowwise_linear: x must be B×K and weight N×K, got ", x.sizes(), " and ", weight.sizes());
  if (!has_kernel(x, weight, bias)) return torch::linear(x, weight, bias);

  const torch::Tensor rows = x.contiguous(), matrix = weight.contiguous();
  const torch::Tensor offset = bias.defined() ? bias.contiguous() : bias;
  torch::Tensor y = torch::empty({x.size(0), weight.size(0)}, x.options());
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
