#include "lifted/ops/reflect_blur.h"

#include <ATen/Parallel.h>

#include "lifted/ops/backends.h"
#include "lifted/ops/core/reflect.h"
#include "lifted/ops/cpu/weighted_sum_kernel.h"

namespace lifted::ops {
namespace {

/// One plane through the kernel: along rows into a buffer, then along columns.
void blur_plane(const float* x, float* y, int64_t height, int64_t width, const std::vector<float>& taps) {
  const auto count = static_cast<int64_t>(taps.size()), radius = count / 2;
  std::vector<float> padded(static_cast<size_t>(width + 2 * radius)), buffer(static_cast<size_t>(height * width));
  std::vector<const float*> sources(taps.size());
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t i = -radius; i < width + radius; ++i)
      padded[static_cast<size_t>(i + radius)] = x[row * width + core::reflect(i, width)];
    for (int64_t k = 0; k < count; ++k) sources[static_cast<size_t>(k)] = padded.data() + k;
    WeightedSumParams params{sources.data(), taps.data(), buffer.data() + row * width, count, width};
    LIFTED_CALL_ISA(weighted_sum, params);
  }
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t k = 0; k < count; ++k) {
      sources[static_cast<size_t>(k)] = buffer.data() + core::reflect(row + k - radius, height) * width;
    }
    WeightedSumParams params{sources.data(), taps.data(), y + row * width, count, width};
    LIFTED_CALL_ISA(weighted_sum, params);
  }
}

}  // namespace

Tensor cpu::reflect_blur(const Tensor& x, int64_t radius, double sigma) {
  const std::vector<float> taps = blur_taps(radius, sigma);
  const Tensor planes = x.contiguous();
  Tensor y = at::empty_like(planes);
  const int64_t height = x.size(2), width = x.size(3);
  const float* from = planes.data_ptr<float>();
  float* to = y.data_ptr<float>();
  at::parallel_for(0, x.size(0) * x.size(1), 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      blur_plane(from + plane * height * width, to + plane * height * width, height, width, taps);
    }
  });
  return y;
}

}  // namespace lifted::ops
