#include "lifted/ops/styled_conv.h"

#include "lifted/ops/backends.h"
#include "lifted/ops/bias_act.h"
#include "lifted/ops/convolution.h"
#include "lifted/ops/fir_resample.h"

namespace lifted::ops {
namespace {

/// fir_resample flips its kernel, these taps are in reading order.
Tensor square_kernel(const std::array<float, 4>& fir, const Tensor& like) {
  const auto taps = torch::tensor({fir[3], fir[2], fir[1], fir[0]}).to(like.options().requires_grad(false));
  return at::outer(taps, taps);
}

Tensor activate(const Tensor& y, const Tensor& bias, const Activation& a) {
  const double clamp = a.clamp == std::numeric_limits<float>::infinity() ? -1 : a.clamp;
  const OptionalTensor offset = bias.defined() ? OptionalTensor(bias.to(y.scalar_type())) : OptionalTensor();
  return reference::bias_act(y, offset, a.slope, a.gain, clamp);
}

}  // namespace

Tensor reference::pack_weights(const Tensor& weight) {
  return weight.contiguous();
}

Tensor reference::unpack_weights(const Tensor& data, at::IntArrayRef size) {
  return data.view(size);
}

Tensor reference::styled_conv(const PackedWeights& weights, const StyledConvInputs& in) {
  const auto weight = weights.data.to(in.x.scalar_type());
  const auto per_channel = [&](const Tensor& scale) { return scale.to(in.x.scalar_type()).unsqueeze(2).unsqueeze(3); };
  const auto x = in.in_scale.defined() ? in.x * per_channel(in.in_scale) : in.x;
  auto y = in.upsample ? conv_transpose2d_stride2(x, weight.transpose(0, 1))
                       : conv2d(x, weight, {.padding = weights.kernel / 2});
  if (in.upsample) {
    y = fir_resample(y, square_kernel(in.fir, y), FirResampleOptions::uniform(1, 1, 1, 1), Implementation::reference);
  }
  if (in.out_scale.defined()) y = y * per_channel(in.out_scale);
  if (in.noise.defined()) y = y + in.noise.to(y.scalar_type()) * in.noise_strength;
  return activate(y, in.bias, in.activation).contiguous(at::MemoryFormat::ChannelsLast);
}

Tensor reference::packed_linear(const PackedWeights& weights, const Tensor& x, const Tensor& bias,
                                const Activation& activation) {
  return activate(at::matmul(x, weights.data.to(x.scalar_type()).view({weights.out, weights.in}).t()), bias,
                  activation);
}

Tensor reference::styled_to_rgb(const ToRgbInputs& in) {
  auto y = at::matmul(in.weight, in.x.flatten(2)).view({in.x.size(0), 3, in.x.size(2), in.x.size(3)});
  y = (y + in.bias.view({1, 3, 1, 1})).clamp(-in.clamp, in.clamp);
  if (!in.skip.defined()) return y;
  return y + fir_resample(in.skip, square_kernel(in.fir, y), FirResampleOptions::uniform(2, 1, 2, 1),
                          Implementation::reference);
}

}  // namespace lifted::ops
