#include "lifted/ops/reflect_blur.h"

#include <ATen/Parallel.h>

#include <cmath>

#include "lifted/ops/cpu/weighted_sum_kernel.h"

namespace lifted::ops {
namespace {

int64_t reflect(int64_t i, int64_t length) {
  if (i < 0) return -i;
  return i < length ? i : 2 * (length - 1) - i;
}

/// length×length: multiplying a column by it blurs the column.
torch::Tensor blur_matrix(int64_t length, const std::vector<float>& taps) {
  torch::Tensor matrix = torch::zeros({length, length});
  const auto radius = static_cast<int64_t>(taps.size() / 2);
  auto entries = matrix.accessor<float, 2>();
  for (int64_t i = 0; i < length; ++i) {
    for (int64_t k = -radius; k <= radius; ++k)
      entries[i][reflect(i + k, length)] += taps[static_cast<size_t>(k + radius)];
  }
  return matrix;
}

torch::Tensor blur_by_matrices(const torch::Tensor& x, const std::vector<float>& taps) {
  const torch::Tensor rows = blur_matrix(x.size(2), taps).to(x), columns = blur_matrix(x.size(3), taps).to(x);
  return torch::matmul(torch::matmul(rows, x), columns.t());
}

/// One plane through the kernel: along rows into a buffer, then along columns.
void blur_plane(const float* x, float* y, int64_t height, int64_t width, const std::vector<float>& taps) {
  const auto count = static_cast<int64_t>(taps.size()), radius = count / 2;
  std::vector<float> padded(static_cast<size_t>(width + 2 * radius)), buffer(static_cast<size_t>(height * width));
  std::vector<const float*> sources(taps.size());
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t i = -radius; i < width + radius; ++i)
      padded[static_cast<size_t>(i + radius)] = x[row * width + reflect(i, width)];
    for (int64_t k = 0; k < count; ++k) sources[static_cast<size_t>(k)] = padded.data() + k;
    WeightedSumParams params{sources.data(), taps.data(), buffer.data() + row * width, count, width};
    LIFTED_CALL_ISA(weighted_sum, params);
  }
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t k = 0; k < count; ++k) {
      sources[static_cast<size_t>(k)] = buffer.data() + reflect(row + k - radius, height) * width;
    }
    WeightedSumParams params{sources.data(), taps.data(), y + row * width, count, width};
    LIFTED_CALL_ISA(weighted_sum, params);
  }
}

}  // namespace

std::vector<float> blur_taps(int64_t radius, double sigma) {
  std::vector<float> taps;
  double sum = 0;
  const auto tap = [&](int64_t x) { return std::exp(-std::pow(static_cast<double>(x) / (2 * sigma), 2)); };
  for (int64_t x = -radius; x <= radius; ++x) sum += tap(x);
  for (int64_t x = -radius; x <= radius; ++x) taps.push_back(static_cast<float>(tap(x) / sum));
  return taps;
}

torch::Tensor reflect_blur(const torch::Tensor& x, int64_t radius, double sigma) {
  TORCH_CHECK(x.dim() == 4 && radius >= 0 && x.size(2) > radius && x.size(3) > radius,
              "reflect_blur: x must be B×C×H×W with sides above the radius ", radius, ", got ", x.sizes());
  const std::vector<float> taps = blur_taps(radius, sigma);
  const bool needs_gradient = torch::GradMode::is_enabled() && x.requires_grad();
  if (needs_gradient || !x.is_cpu() || x.scalar_type() != torch::kFloat32) return blur_by_matrices(x, taps);

  const torch::Tensor planes = x.contiguous();
  torch::Tensor y = torch::empty_like(planes);
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
