#include "lifted/ops/reflect_blur.h"

#include "lifted/ops/backends.h"
#include "lifted/ops/core/reflect.h"

namespace lifted::ops {
namespace {

/// length×length: multiplying a column by it blurs the column.
torch::Tensor blur_matrix(int64_t length, const std::vector<float>& taps) {
  torch::Tensor matrix = torch::zeros({length, length});
  const auto radius = static_cast<int64_t>(taps.size() / 2);
  auto entries = matrix.accessor<float, 2>();
  for (int64_t i = 0; i < length; ++i) {
    for (int64_t k = -radius; k <= radius; ++k)
      entries[i][core::reflect(i + k, length)] += taps[static_cast<size_t>(k + radius)];
  }
  return matrix;
}

}  // namespace

Tensor reference::reflect_blur(const Tensor& x, int64_t radius, double sigma) {
  const std::vector<float> taps = blur_taps(radius, sigma);
  const Tensor rows = blur_matrix(x.size(2), taps).to(x), columns = blur_matrix(x.size(3), taps).to(x);
  return torch::matmul(torch::matmul(rows, x), columns.t());
}

}  // namespace lifted::ops
