#include "lifted/ops/modulated_conv.h"

#include "lifted/ops/convolution.h"
#include "lifted/ops/dispatch.h"
#include "lifted/ops/fir_resample.h"

namespace lifted::ops {
namespace {
using torch::Tensor;

constexpr double kDemodulationEpsilon = 1e-8;
const FirResampleOptions kAfterTransposed = FirResampleOptions::uniform(1, 1, 1, 1);

/// One grouped convolution, a group per sample.
Tensor per_sample_weights(const Tensor& x, const Tensor& weight, const Tensor& style, const Tensor& fir,
                          const ModulatedConvOptions& o) {
  const int64_t batch = x.size(0), out = weight.size(0), in = weight.size(1), side = weight.size(2);
  auto w = weight.unsqueeze(0) * o.weight_gain * style.view({batch, 1, in, 1, 1});
  if (o.demodulate) w = w * at::rsqrt(w.square().sum(at::IntArrayRef{2, 3, 4}, true) + kDemodulationEpsilon);
  const auto grouped = x.reshape({1, batch * in, x.size(2), x.size(3)});
  Tensor y;
  if (o.upsample) {
    w = w.transpose(1, 2).reshape({batch * in, out, side, side});
    y = at::conv_transpose2d(grouped, w, {}, {2, 2}, {0, 0}, {0, 0}, batch);
  } else {
    y = at::conv2d(grouped, w.reshape({batch * out, in, side, side}), {}, {1, 1}, {side / 2, side / 2}, {1, 1}, batch);
  }
  y = y.reshape({batch, out, y.size(2), y.size(3)});
  return o.upsample ? fir_resample(y, fir, kAfterTransposed, Implementation::reference) : y;
}

/// The same function: the style factors out of the sum over input channels, the norm out of the output.
Tensor shared_weights(const Tensor& x, const Tensor& weight, const Tensor& style, const Tensor& fir,
                      const ModulatedConvOptions& o) {
  const int64_t batch = x.size(0);
  const auto w = weight * o.weight_gain;
  const auto modulated = x * style.view({batch, -1, 1, 1});
  auto y = o.upsample ? conv_transpose2d_stride2(modulated, w.transpose(0, 1))
                      : conv2d(modulated, w, {1, weight.size(2) / 2});
  if (o.upsample) y = fir_resample(y, fir, kAfterTransposed);
  if (!o.demodulate) return y;
  const auto energy = at::matmul(style.square(), w.square().sum(at::IntArrayRef{2, 3}).t());
  return y * at::rsqrt(energy + kDemodulationEpsilon).view({batch, -1, 1, 1});
}

}  // namespace

Tensor modulated_conv(const Tensor& x, const Tensor& weight, const Tensor& style, const Tensor& fir,
                      const ModulatedConvOptions& options, Implementation implementation) {
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4 && x.size(1) == weight.size(1), "modulated_conv: x ", x.sizes(),
              " and weight ", weight.sizes(), " disagree about the input channels");
  TORCH_CHECK(style.dim() == 2 && style.size(0) == x.size(0) && style.size(1) == x.size(1),
              "modulated_conv: style must have shape [", x.size(0), ", ", x.size(1), "], got ", style.sizes());
  TORCH_CHECK(!options.upsample || fir.defined(), "modulated_conv: upsampling needs the FIR kernel");
  if (x.size(0) == 0) {
    const int64_t scale = options.upsample ? 2 : 1;
    return at::empty({0, weight.size(0), x.size(2) * scale, x.size(3) * scale}, x.options());
  }
  const auto f = implementation == Implementation::reference ? in_fp32<per_sample_weights> : in_fp32<shared_weights>;
  return f(x, weight, style, fir, options);
}

}  // namespace lifted::ops
