#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "lifted/ops/backends.h"
#include "lifted/ops/cpu/bias_act_kernel.h"

namespace lifted::ops {
namespace {

/// Whether the channels of x lie next to each other; x is then dense in that order.
bool is_channels_innermost(const Tensor& x) {
  return x.dim() == 2 || (x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast) && !x.is_contiguous());
}

Tensor dense_in_layout(const Tensor& x) {
  return x.contiguous(x.dim() == 4 ? x.suggest_memory_format() : at::MemoryFormat::Contiguous);
}

/// Describes x (already dense) as runs; returns their number.
template <typename T>
int64_t describe_runs(const Tensor& x, BiasActParams<T>& p) {
  p.channels = x.size(1);
  p.channels_innermost = is_channels_innermost(x);
  p.length = p.channels_innermost ? x.size(1) : x[0][0].numel();
  return x.numel() / p.length;
}

int64_t grain(int64_t length) {
  return std::max<int64_t>(1, 16384 / length);
}

}  // namespace

Tensor cpu::bias_act(const Tensor& x_any, const OptionalTensor& bias, double slope, double gain, double clamp) {
  const auto x = dense_in_layout(x_any);
  auto out = torch::empty_like(x);
  if (x.numel() == 0) return out;
  const auto b = bias ? bias->contiguous() : Tensor();
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "lifted::bias_act", [&] {
    BiasActParams<scalar_t> p = {};
    p.x = x.data_ptr<scalar_t>();
    p.bias = b.defined() ? b.data_ptr<scalar_t>() : nullptr;
    p.out = out.data_ptr<scalar_t>();
    p.slope = scalar_t(slope), p.gain = scalar_t(gain), p.clamp = scalar_t(clamp);
    const int64_t runs = describe_runs(x, p);
    at::parallel_for(0, runs, grain(p.length),
                     [&](int64_t begin, int64_t end) { LIFTED_CALL_ISA(bias_act_forward, p, begin, end); });
  });
  return out;
}

Tensor cpu::bias_act_gradient(const Tensor& grad_any, const Tensor& y_any, double slope, double gain, double clamp) {
  const auto y = dense_in_layout(y_any);
  const auto grad = grad_any.contiguous(y.dim() == 4 ? y.suggest_memory_format() : at::MemoryFormat::Contiguous);
  auto out = torch::empty_like(y);
  if (y.numel() == 0) return out;
  AT_DISPATCH_FLOATING_TYPES(y.scalar_type(), "lifted::bias_act_gradient", [&] {
    BiasActParams<scalar_t> p = {};
    p.x = grad.data_ptr<scalar_t>();
    p.y = y.data_ptr<scalar_t>();
    p.out = out.data_ptr<scalar_t>();
    p.slope = scalar_t(slope), p.gain = scalar_t(gain), p.clamp = scalar_t(clamp);
    const int64_t runs = describe_runs(y, p);
    at::parallel_for(0, runs, grain(p.length),
                     [&](int64_t begin, int64_t end) { LIFTED_CALL_ISA(bias_act_gradient, p, begin, end); });
  });
  return out;
}

}  // namespace lifted::ops
