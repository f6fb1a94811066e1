// The styled convolution on a card, but for the launch: what the threads are given and how many there are.
// `launch(body, count)` runs body(0) … body(count − 1); tests do so in a loop.
#pragma once

#include <ATen/Dispatch.h>

#include <limits>

#include "lifted/ops/backends.h"
#include "lifted/ops/convolution.h"
#include "lifted/ops/cuda/fir_resample_threads.h"
#include "lifted/ops/cuda/styled_conv_body.h"

namespace lifted::ops::cuda {

inline Tensor floats(const Tensor& t) {
  return t.defined() ? t.to(at::kFloat).contiguous() : t;
}
inline const float* pointer(const Tensor& t) {
  return t.defined() ? t.data_ptr<float>() : nullptr;
}

/// cuDNN's convolution of the scaled input, transposed and filtered where it doubles the size.
template <typename Launch>
Tensor convolve(const Launch& launch, const PackedWeights& weights, const StyledConvInputs& in) {
  const auto type = in.x.scalar_type();
  const auto weight = weights.data.to(type);
  const auto x = in.in_scale.defined() ? in.x * in.in_scale.to(type).unsqueeze(2).unsqueeze(3) : in.x;
  if (!in.upsample) return conv2d(x, weight, {.padding = weights.kernel / 2});
  const auto taps = at::empty({4}, at::kFloat);  // fir_resample flips its kernel, these taps are in reading order
  for (int64_t k = 0; k < 4; ++k) taps.data_ptr<float>()[k] = in.fir[static_cast<size_t>(3 - k)];
  const auto kernel = at::outer(taps, taps).to(x.device(), at::kFloat);
  return fir_resample(launch, conv_transpose2d_stride2(x, weight.transpose(0, 1)), kernel, {1, 1, 1, 1}, {1, 1, 1, 1});
}

template <typename Launch>
Tensor styled_conv(const Launch& launch, const PackedWeights& weights, const StyledConvInputs& in) {
  if (in.x.scalar_type() == at::kDouble) return reference::styled_conv(weights, in);
  const Tensor y = convolve(launch, weights, in).contiguous(at::MemoryFormat::ChannelsLast);
  const auto out_scale = floats(in.out_scale), noise = floats(in.noise), bias = floats(in.bias);
  const int64_t pixels = y.size(2) * y.size(3), channels = y.size(1);
  const Activation& a = in.activation;
  const float clamp = a.clamp == std::numeric_limits<float>::infinity() ? -1 : a.clamp;
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, y.scalar_type(), "lifted::styled_conv", [&] {
    launch(StyledEpilogueThread<scalar_t>{y.data_ptr<scalar_t>(),
                                          pointer(out_scale),
                                          pointer(noise),
                                          pointer(bias),
                                          in.noise_strength,
                                          noise.defined() && noise.size(0) > 1 ? pixels : 0,
                                          core::divisor_of(channels),
                                          core::divisor_of(pixels),
                                          {a.slope, a.gain, clamp}},
           y.numel());
  });
  return y;
}

}  // namespace lifted::ops::cuda
