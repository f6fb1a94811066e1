// fir_resample on a card, but for the launch: what the threads are given and how many there are. `launch(body, count)`
// runs body(0) … body(count − 1); tests do so in a loop.
#pragma once

#include <ATen/Dispatch.h>

#include "lifted/ops/backends.h"
#include "lifted/ops/cuda/fir_resample_body.h"

namespace lifted::ops::cuda {

template <typename Launch>
Tensor fir_resample(const Launch& launch, const Tensor& x_any, const Tensor& kernel, at::IntArrayRef factors,
                    at::IntArrayRef pads) {
  const auto format = x_any.suggest_memory_format();
  const bool interleaved = format == at::MemoryFormat::ChannelsLast;
  const auto x = x_any.contiguous(format);
  const auto taps = kernel.to(x.device(), x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat).flip({0, 1});
  const auto dense_taps = taps.contiguous();
  const int64_t out_height = (x.size(2) * factors[1] + pads[2] + pads[3] - taps.size(0)) / factors[3] + 1;
  const int64_t out_width = (x.size(3) * factors[0] + pads[0] + pads[1] - taps.size(1)) / factors[2] + 1;
  auto out = at::empty({x.size(0), x.size(1), out_height, out_width}, x.options().memory_format(format));
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "lifted::fir_resample", [&] {
    using W = core::Wide<scalar_t>;
    launch(FirResampleThread<scalar_t>{x.data_ptr<scalar_t>(), dense_taps.data_ptr<W>(), out.data_ptr<scalar_t>(),
                                       x.size(2), x.size(3), core::divisor_of(out_height), core::divisor_of(out_width),
                                       core::divisor_of(interleaved ? x.size(1) : 1), taps.size(0), taps.size(1),
                                       factors[0], factors[1], factors[2], factors[3], pads[0], pads[2]},
           out.numel());
  });
  return out;
}

}  // namespace lifted::ops::cuda
