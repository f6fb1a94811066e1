// bias_act on a card, but for the launch: what the threads are given and how many there are. `launch(body, count)` runs
// body(0) … body(count − 1); tests do so in a loop.
#pragma once

#include <ATen/Dispatch.h>

#include "lifted/ops/backends.h"
#include "lifted/ops/cuda/bias_act_body.h"

namespace lifted::ops::cuda {

inline at::MemoryFormat format_of(const Tensor& x) {
  return x.dim() == 4 ? x.suggest_memory_format() : at::MemoryFormat::Contiguous;
}

template <typename T>
core::Activation<core::Wide<T>> activation_of(double slope, double gain, double clamp) {
  using W = core::Wide<T>;
  return {static_cast<W>(slope), static_cast<W>(gain), static_cast<W>(clamp)};
}

template <typename Launch>
Tensor bias_act(const Launch& launch, const Tensor& x_any, const OptionalTensor& bias_any, double slope, double gain,
                double clamp) {
  const auto format = format_of(x_any);
  const auto x = x_any.contiguous(format);
  auto out = at::empty_like(x);
  if (x.numel() == 0) return out;
  const int64_t inner = x.dim() == 4 && format == at::MemoryFormat::Contiguous ? x.size(2) * x.size(3) : 1;
  const auto bias =
      bias_any ? bias_any->to(x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat).contiguous() : Tensor();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "lifted::bias_act", [&] {
    using W = core::Wide<scalar_t>;
    launch(BiasActThread<scalar_t>{x.data_ptr<scalar_t>(), bias.defined() ? bias.data_ptr<W>() : nullptr,
                                   out.data_ptr<scalar_t>(), core::divisor_of(inner), core::divisor_of(x.size(1)),
                                   activation_of<scalar_t>(slope, gain, clamp)},
           x.numel());
  });
  return out;
}

template <typename Launch>
Tensor bias_act_gradient(const Launch& launch, const Tensor& grad_any, const Tensor& y_any, double slope, double gain,
                         double clamp) {
  const auto y = y_any.contiguous(format_of(y_any));
  const auto grad = grad_any.to(y.scalar_type()).contiguous(format_of(y));
  auto out = at::empty_like(y);
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, y.scalar_type(), "lifted::bias_act_gradient", [&] {
    launch(BiasActGradientThread<scalar_t>{grad.data_ptr<scalar_t>(), y.data_ptr<scalar_t>(), out.data_ptr<scalar_t>(),
                                           activation_of<scalar_t>(slope, gain, clamp)},
           y.numel());
  });
  return out;
}

}  // namespace lifted::ops::cuda
