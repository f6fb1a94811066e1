#include "lifted/ops/pool.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "lifted/ops/cpu/pool_kernel.h"

namespace lifted::ops {
namespace {
using torch::Tensor;

Tensor torchs_pool(const Tensor& x, const PoolOptions& o) {
  const Tensor dense = x.contiguous(at::MemoryFormat::ChannelsLast);
  const Tensor y = o.mean ? at::avg_pool2d(dense, {3, 3}, {o.stride, o.stride}, {o.padding, o.padding}, false, false)
                          : at::max_pool2d(dense, {3, 3}, {o.stride, o.stride}, {o.padding, o.padding});
  return o.relu ? y.relu() : y;
}

}  // namespace

void pool3x3_into(const Tensor& x, const PoolOptions& o, Tensor y) {
  if (!x.is_cpu() || x.scalar_type() != at::kFloat || x.stride(1) != 1) {
    y.copy_(torchs_pool(x, o));
    return;
  }
  const Pool3x3 all{.from = x.data_ptr<float>(),
                    .to = y.data_ptr<float>(),
                    .height = x.size(2),
                    .width = x.size(3),
                    .channels = x.size(1),
                    .row_step = x.stride(2),
                    .pixel_step = x.stride(3),
                    .out_height = y.size(2),
                    .out_width = y.size(3),
                    .out_row_step = y.stride(2),
                    .out_pixel_step = y.stride(3),
                    .stride = o.stride,
                    .padding = o.padding,
                    .mean = o.mean,
                    .relu = o.relu};
  at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Pool3x3 one = all;
      one.from += i * x.stride(0);
      one.to += i * y.stride(0);
      LIFTED_CALL_ISA(pool3x3, one);
    }
  });
}

Tensor pool3x3(const Tensor& x, const PoolOptions& o) {
  const auto side = [&](int64_t axis) { return (x.size(axis) + 2 * o.padding - 3) / o.stride + 1; };
  Tensor y =
      at::empty({x.size(0), x.size(1), side(2), side(3)}, x.options().memory_format(at::MemoryFormat::ChannelsLast));
  pool3x3_into(x, o, y);
  return y;
}

}  // namespace lifted::ops
