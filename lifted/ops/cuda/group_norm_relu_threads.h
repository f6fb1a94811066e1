// GroupNorm and ReLU on a card, but for the launch: what the threads are given and how many there are. `launch(body,
// count)` runs body(0) … body(count − 1); tests do so in a loop.
#pragma once

#include <ATen/Dispatch.h>

#include "lifted/ops/backends.h"
#include "lifted/ops/cuda/group_norm_relu_body.h"

namespace lifted::ops::cuda {

template <typename Launch>
Tensor group_norm_relu(const Launch& launch, const Tensor& x, int64_t groups, const Tensor& weight_any,
                       const Tensor& bias_any, double eps) {
  if (!x.is_contiguous(at::MemoryFormat::ChannelsLast) || x.scalar_type() == at::kDouble || x.numel() == 0) {
    return reference::group_norm_relu(x, groups, weight_any, bias_any, eps);
  }
  const auto weight = weight_any.to(at::kFloat).contiguous(), bias = bias_any.to(at::kFloat).contiguous();
  const int64_t batch = x.size(0), channels = x.size(1), pixels = x.size(2) * x.size(3);
  const int64_t chunks = (pixels + kChunkPixels - 1) / kChunkPixels;
  const auto options = weight.options();
  const auto mean = at::empty({batch, chunks, channels}, options), squares = at::empty_like(mean);
  const auto affine = at::empty({batch, channels, 2}, options);
  auto* pairs = reinterpret_cast<core::ScaleShift*>(affine.data_ptr<float>());
  AT_DISPATCH_SWITCH(
      x.scalar_type(), "lifted::group_norm_relu", AT_DISPATCH_CASE_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, [&] {
        auto* values = x.data_ptr<scalar_t>();
        launch(ChunkMomentsThread<scalar_t>{values, mean.data_ptr<float>(), squares.data_ptr<float>(), pixels, channels,
                                            chunks},
               mean.numel());
        launch(GroupAffineThread{mean.data_ptr<float>(), squares.data_ptr<float>(), weight.data_ptr<float>(),
                                 bias.data_ptr<float>(), pairs, pixels, channels, chunks, groups, eps},
               batch * groups);
        launch(AffineReluThread<scalar_t>{values, pairs, core::divisor_of(pixels), core::divisor_of(channels)},
               x.numel());
      }));
  return x;
}

}  // namespace lifted::ops::cuda
