#include "lifted/ops/styled_conv.h"

#include <algorithm>
#include <cmath>

#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

// ---- structs to the dispatcher's arguments and back ----

using Floats = at::ArrayRef<double>;
using StyledConvSchema = Tensor(const Tensor& x, const Tensor& data, at::IntArrayRef shape,
                                const OptionalTensor& in_scale, const OptionalTensor& out_scale,
                                const OptionalTensor& noise, const OptionalTensor& bias, Floats scalars, bool upsample,
                                Floats fir);
using PackedLinearSchema = Tensor(const Tensor& x, const Tensor& data, at::IntArrayRef shape,
                                  const OptionalTensor& bias, Floats scalars);
using ToRgbSchema = Tensor(const Tensor& x, const Tensor& weight, const Tensor& bias, const OptionalTensor& skip,
                           double clamp, Floats fir);

std::vector<int64_t> shape_of(const PackedWeights& w) {
  return {w.out, w.in, w.kernel};
}
PackedWeights weights_from(const Tensor& data, at::IntArrayRef shape) {
  return {shape[0], shape[1], shape[2], data};
}
Activation activation_from(Floats v) {
  return {static_cast<float>(v[0]), static_cast<float>(v[1]), static_cast<float>(v[2])};
}
std::array<float, 4> taps_from(Floats v) {
  std::array<float, 4> taps;
  std::transform(v.begin(), v.end(), taps.begin(), [](double tap) { return static_cast<float>(tap); });
  return taps;
}
std::vector<double> taps_of(const std::array<float, 4>& taps) {
  return {taps.begin(), taps.end()};
}

template <StyledConv* kBackend>
Tensor styled_conv_entry(const Tensor& x, const Tensor& data, at::IntArrayRef shape, const OptionalTensor& in_scale,
                         const OptionalTensor& out_scale, const OptionalTensor& noise, const OptionalTensor& bias,
                         Floats scalars, bool upsample, Floats fir) {
  return kBackend(weights_from(data, shape), {.x = x,
                                              .in_scale = in_scale.value_or(Tensor()),
                                              .out_scale = out_scale.value_or(Tensor()),
                                              .noise = noise.value_or(Tensor()),
                                              .noise_strength = static_cast<float>(scalars[3]),
                                              .bias = bias.value_or(Tensor()),
                                              .activation = activation_from(scalars),
                                              .upsample = upsample,
                                              .fir = taps_from(fir)});
}

template <PackedLinear* kBackend>
Tensor packed_linear_entry(const Tensor& x, const Tensor& data, at::IntArrayRef shape, const OptionalTensor& bias,
                           Floats scalars) {
  return kBackend(weights_from(data, shape), x, bias.value_or(Tensor()), activation_from(scalars));
}

template <StyledToRgb* kBackend>
Tensor to_rgb_entry(const Tensor& x, const Tensor& weight, const Tensor& bias, const OptionalTensor& skip, double clamp,
                    Floats fir) {
  return kBackend({.x = x,
                   .weight = weight,
                   .bias = bias,
                   .skip = skip.value_or(Tensor()),
                   .clamp = static_cast<float>(clamp),
                   .fir = taps_from(fir)});
}

template <StyledConv* kBackend>
constexpr StyledConvSchema* conv_entry = &styled_conv_entry<kBackend>;
template <PackedLinear* kBackend>
constexpr PackedLinearSchema* linear_entry = &packed_linear_entry<kBackend>;
template <StyledToRgb* kBackend>
constexpr ToRgbSchema* rgb_entry = &to_rgb_entry<kBackend>;

// ---- the dispatcher ----

Tensor call_styled_conv(const Tensor& x, const Tensor& data, at::IntArrayRef shape, const OptionalTensor& in_scale,
                        const OptionalTensor& out_scale, const OptionalTensor& noise, const OptionalTensor& bias,
                        Floats scalars, bool upsample, Floats fir) {
  static const auto op = find_op<StyledConvSchema>("lifted::styled_conv");
  return op.call(x, data, shape, in_scale, out_scale, noise, bias, scalars, upsample, fir);
}

Tensor call_packed_linear(const Tensor& x, const Tensor& data, at::IntArrayRef shape, const OptionalTensor& bias,
                          Floats scalars) {
  static const auto op = find_op<PackedLinearSchema>("lifted::packed_linear");
  return op.call(x, data, shape, bias, scalars);
}

Tensor call_styled_to_rgb(const Tensor& x, const Tensor& weight, const Tensor& bias, const OptionalTensor& skip,
                          double clamp, Floats fir) {
  static const auto op = find_op<ToRgbSchema>("lifted::styled_to_rgb");
  return op.call(x, weight, bias, skip, clamp, fir);
}

Tensor call_pack_weights(const Tensor& weight) {
  static const auto op = find_op<PackWeights>("lifted::pack_weights");
  return op.call(weight);
}

Tensor call_unpack_weights(const Tensor& data, at::IntArrayRef size) {
  static const auto op = find_op<UnpackWeights>("lifted::unpack_weights");
  return op.call(data, size);
}

// ---- references: of weights as they are ----

PackedWeights plain(const PackedWeights& weights) {
  PackedWeights result = weights;
  result.data = call_unpack_weights(weights.data, {weights.out, weights.in, weights.kernel, weights.kernel});
  return result;
}

Tensor styled_conv_reference(const PackedWeights& weights, const StyledConvInputs& inputs) {
  return reference::styled_conv(plain(weights), inputs);
}

Tensor packed_linear_reference(const PackedWeights& weights, const Tensor& x, const Tensor& bias,
                               const Activation& activation) {
  return reference::packed_linear(plain(weights), x, bias, activation);
}

constexpr auto* kConvReference = conv_entry<styled_conv_reference>;
constexpr auto* kLinearReference = linear_entry<packed_linear_reference>;
constexpr auto* kRgbReference = rgb_entry<reference::styled_to_rgb>;

}  // namespace

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def("pack_weights(Tensor weight) -> Tensor");
  m.def("unpack_weights(Tensor data, int[] size) -> Tensor");
  m.def(
      "styled_conv(Tensor x, Tensor data, int[] shape, Tensor? in_scale, Tensor? out_scale, Tensor? noise, "
      "Tensor? bias, float[] scalars, bool upsample, float[] fir) -> Tensor");
  m.def("packed_linear(Tensor x, Tensor data, int[] shape, Tensor? bias, float[] scalars) -> Tensor");
  m.def("styled_to_rgb(Tensor x, Tensor weight, Tensor bias, Tensor? skip, float clamp, float[] fir) -> Tensor");
  implement<PackWeights>(m, "pack_weights",
                         {.cpu = cpu::pack_weights,
                          .cuda = nullptr,
                          .elsewhere = reference::pack_weights,
                          .autograd = reference_gradient<reference::pack_weights, call_pack_weights>});
  implement<UnpackWeights>(m, "unpack_weights",
                           {.cpu = cpu::unpack_weights,
                            .cuda = nullptr,
                            .elsewhere = reference::unpack_weights,
                            .autograd = reference_gradient<reference::unpack_weights, call_unpack_weights>});
  implement<StyledConvSchema>(m, "styled_conv",
                              {.cpu = fp32_kernel<conv_entry<cpu::styled_conv>, kConvReference>,
                               .cuda = LIFTED_CUDA_KERNEL(conv_entry<cuda::styled_conv>),
                               .elsewhere = kConvReference,
                               .autograd = reference_gradient<kConvReference, call_styled_conv>});
  implement<PackedLinearSchema>(m, "packed_linear",
                                {.cpu = fp32_kernel<linear_entry<cpu::packed_linear>, kLinearReference>,
                                 .cuda = nullptr,
                                 .elsewhere = kLinearReference,
                                 .autograd = reference_gradient<kLinearReference, call_packed_linear>});
  implement<ToRgbSchema>(m, "styled_to_rgb",
                         {.cpu = fp32_kernel<rgb_entry<cpu::styled_to_rgb>, kRgbReference>,
                          .cuda = nullptr,
                          .elsewhere = kRgbReference,
                          .autograd = reference_gradient<kRgbReference, call_styled_to_rgb>});
}

PackedWeights pack_weights(const Tensor& weight) {
  const int64_t kernel = weight.dim() == 4 ? weight.size(2) : 1;
  TORCH_CHECK(weight.dim() == 2 || (weight.dim() == 4 && weight.size(3) == kernel && (kernel == 1 || kernel == 3)),
              "pack_weights: weight must be out×in, out×in×1×1 or out×in×3×3, got ", weight.sizes());
  const torch::NoGradGuard no_grad;
  return {weight.size(0), weight.size(1), kernel,
          call_pack_weights(weight.detach().reshape({weight.size(0), weight.size(1), kernel, kernel}))};
}

Tensor styled_conv(const PackedWeights& weights, const StyledConvInputs& in, Implementation implementation) {
  TORCH_CHECK(in.x.dim() == 4 && in.x.size(1) == weights.in, "styled_conv: x must have ", weights.in, " channels, got ",
              in.x.sizes());
  TORCH_CHECK(!in.upsample || weights.kernel == 3, "styled_conv: upsampling needs a 3×3 kernel");
  const Activation& a = in.activation;
  const auto f = implementation == Implementation::reference ? in_fp32<kConvReference> : call_styled_conv;
  return f(in.x, weights.data, shape_of(weights), optional(in.in_scale), optional(in.out_scale), optional(in.noise),
           optional(in.bias), std::array<double, 4>{a.slope, a.gain, a.clamp, in.noise_strength}, in.upsample,
           taps_of(in.fir));
}

Tensor packed_linear(const PackedWeights& weights, const Tensor& x, const Tensor& bias, const Activation& activation,
                     Implementation implementation) {
  TORCH_CHECK(x.dim() == 2 && x.size(1) == weights.in && weights.kernel == 1, "packed_linear: x must have shape [B, ",
              weights.in, "], got ", x.sizes());
  const auto f = implementation == Implementation::reference ? in_fp32<kLinearReference> : call_packed_linear;
  return f(x, weights.data, shape_of(weights), optional(bias),
           std::array<double, 3>{activation.slope, activation.gain, activation.clamp});
}

Tensor styled_to_rgb(const ToRgbInputs& in, Implementation implementation) {
  TORCH_CHECK(
      in.x.dim() == 4 && in.weight.sizes() == at::IntArrayRef({in.x.size(0), 3, in.x.size(1)}) && in.bias.numel() == 3,
      "styled_to_rgb: weight must be B×3×C and bias 3");
  const auto f = implementation == Implementation::reference ? in_fp32<kRgbReference> : call_styled_to_rgb;
  return f(in.x, in.weight, in.bias, optional(in.skip), in.clamp, taps_of(in.fir));
}

std::optional<std::array<float, 4>> separate_fir(const Tensor& kernel) {
  if (kernel.dim() != 2 || kernel.size(0) != 4 || kernel.size(1) != 4) return {};
  const auto k = kernel.detach().to(at::kCPU, at::kDouble);
  const double total = k.sum().item<double>();
  if (!(total > 0)) return {};
  const auto taps = k.sum(0) / std::sqrt(total);
  if (!at::allclose(at::outer(taps, taps), k, 1e-6, 1e-7)) return {};
  std::array<float, 4> result;
  for (int64_t i = 0; i < 4; ++i) result[static_cast<size_t>(i)] = taps[i].item<float>();
  // The kernels apply the taps in reading order; a convolution reads them backwards.
  std::reverse(result.begin(), result.end());
  return result;
}

}  // namespace lifted::ops
