#include "lifted/ops/reflect_blur.h"

#include <cmath>

#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

Tensor call_reflect_blur(const Tensor& x, int64_t radius, double sigma) {
  static const auto op = find_op<ReflectBlur>("lifted::reflect_blur");
  return op.call(x, radius, sigma);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def("reflect_blur(Tensor x, int radius, float sigma) -> Tensor");
  implement<ReflectBlur>(m, "reflect_blur",
                         {.cpu = fp32_kernel<cpu::reflect_blur, reference::reflect_blur>,
                          .cuda = nullptr,
                          .elsewhere = reference::reflect_blur,
                          .autograd = reference_gradient<reference::reflect_blur, call_reflect_blur>});
}

std::vector<float> blur_taps(int64_t radius, double sigma) {
  std::vector<float> taps;
  double sum = 0;
  const auto tap = [&](int64_t x) { return std::exp(-std::pow(static_cast<double>(x) / (2 * sigma), 2)); };
  for (int64_t x = -radius; x <= radius; ++x) sum += tap(x);
  for (int64_t x = -radius; x <= radius; ++x) taps.push_back(static_cast<float>(tap(x) / sum));
  return taps;
}

Tensor reflect_blur(const Tensor& x, int64_t radius, double sigma, Implementation implementation) {
  TORCH_CHECK(x.dim() == 4 && radius >= 0 && x.size(2) > radius && x.size(3) > radius,
              "reflect_blur: x must be B×C×H×W with sides above the radius ", radius, ", got ", x.sizes());
  const auto f = implementation == Implementation::reference ? in_fp32<reference::reflect_blur> : call_reflect_blur;
  return f(x, radius, sigma);
}

}  // namespace lifted::ops
