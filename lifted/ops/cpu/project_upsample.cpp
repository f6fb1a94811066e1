#include <ATen/Parallel.h>

#include "lifted/ops/backends.h"
#include "lifted/ops/cpu/project_upsample_kernel.h"

namespace lifted::ops {

Tensor cpu::project_upsample(const Tensor& features, const Tensor& weight, const Tensor& x) {
  if (x.size(1) % 16 != 0) return reference::project_upsample(features, weight, x);
  const Tensor inputs = features.contiguous(at::MemoryFormat::ChannelsLast);
  const Tensor low = x.contiguous(at::MemoryFormat::ChannelsLast);
  const int64_t height = features.size(2), width = features.size(3), channels = x.size(1), depth = features.size(1);
  const Tensor matrix = weight.flatten(1).t().contiguous();
  Tensor y =
      at::empty({x.size(0), channels, height, width}, low.options().memory_format(at::MemoryFormat::ChannelsLast));
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
