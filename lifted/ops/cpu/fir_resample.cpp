#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "lifted/ops/backends.h"
#include "lifted/ops/cpu/fir_resample_kernel.h"

namespace lifted::ops {

Tensor cpu::fir_resample(const Tensor& x_any, const Tensor& kernel, at::IntArrayRef factors, at::IntArrayRef pads) {
  // Three-channel images are filtered plane by plane: runs of three are too short to be worth keeping together.
  const bool interleaved = x_any.suggest_memory_format() == at::MemoryFormat::ChannelsLast && x_any.size(1) >= 8;
  const auto format = interleaved ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const auto x = x_any.contiguous(format);
  const auto taps = kernel.to(x.dtype()).flip({0, 1}).contiguous();
  const int64_t out_height = (x.size(2) * factors[1] + pads[2] + pads[3] - taps.size(0)) / factors[3] + 1;
  const int64_t out_width = (x.size(3) * factors[0] + pads[0] + pads[1] - taps.size(1)) / factors[2] + 1;
  auto out = torch::empty({x.size(0), x.size(1), out_height, out_width}, x.options().memory_format(format));
  if (out.numel() > 0) {
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "lifted::fir_resample", [&] {
      FirResampleParams<scalar_t> p = {};
      p.x = x.data_ptr<scalar_t>();
      p.kernel = taps.data_ptr<scalar_t>();
      p.out = out.data_ptr<scalar_t>();
      p.height = x.size(2), p.width = x.size(3);
      p.out_height = out_height, p.out_width = out_width;
      p.channels = interleaved ? x.size(1) : 1;
      p.kernel_h = taps.size(0), p.kernel_w = taps.size(1);
      p.up_x = factors[0], p.up_y = factors[1], p.down_x = factors[2], p.down_y = factors[3];
      p.pad_x0 = pads[0], p.pad_y0 = pads[2];
      const int64_t rows = x.size(0) * (interleaved ? 1 : x.size(1)) * out_height;
      at::parallel_for(0, rows, std::max<int64_t>(1, 4096 / (out_width * p.channels)),
                       [&](int64_t begin, int64_t end) { LIFTED_CALL_ISA(fir_resample_rows, p, begin, end); });
    });
  }
  return out.contiguous(x_any.suggest_memory_format());
}

}  // namespace lifted::ops
