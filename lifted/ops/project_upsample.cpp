#include "lifted/ops/project_upsample.h"

#include <ATen/Parallel.h>

#include "lifted/ops/cpu/project_upsample_kernel.h"
#include "lifted/ops/group_norm_relu.h"

namespace lifted::ops {

torch::Tensor project_and_add_upsampled(const torch::Tensor& features, const torch::Tensor& weight,
                                        const torch::Tensor& x) {
  TORCH_CHECK(features.dim() == 4 && x.dim() == 4 && weight.dim() == 4 && features.size(1) == weight.size(1) &&
                  x.size(1) == weight.size(0) && features.size(0) == x.size(0) && features.size(2) == 2 * x.size(2) &&
                  features.size(3) == 2 * x.size(3),
              "project_and_add_upsampled: features ", features.sizes(), ", weight ", weight.sizes(), " and x ",
              x.sizes(), " do not fit");
  const torch::Tensor inputs = features.contiguous(torch::MemoryFormat::ChannelsLast);
  const torch::Tensor low = x.contiguous(torch::MemoryFormat::ChannelsLast);
  const bool needs_gradient =
      torch::GradMode::is_enabled() && (weight.requires_grad() || features.requires_grad() || x.requires_grad());
  if (needs_gradient || !has_channel_kernels(low) || inputs.scalar_type() != torch::kFloat32) {
    return torch::conv2d(inputs, weight) + torch::upsample_nearest2d(low, {features.size(2), features.size(3)});
  }
  const int64_t height = features.size(2), width = features.size(3), channels = x.size(1), depth = features.size(1);
  const torch::Tensor matrix = weight.flatten(1).t().contiguous();
  torch::Tensor y = torch::empty({x.size(0), channels, height, width},
                                 low.options().memory_format(torch::MemoryFormat::ChannelsLast));
  const float *from = inputs.data_ptr<float>(), *weights = matrix.data_ptr<float>(), *lows = low.data_ptr<float>();
  float* to = y.data_ptr<float>();
  // Rows of all samples in one count: low rows are numbered alike because the heights are even.
  at::parallel_for(0, x.size(0) * height, 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      ProjectUpsampleRowParams params{from + row * width * depth,
                                      weights,
                                      lows + row / 2 * (width / 2) * channels,
                                      to + row * width * channels,
                                      width,
                                      depth,
                                      channels};
      LIFTED_CALL_ISA(project_upsample_row, params);
    }
  });
  return y;
}

}  // namespace lifted::ops
