#include "lifted/ops/backends.h"

namespace lifted::ops {
namespace {

/// B×C×H×W → B×C×(H·up_y)×(W·up_x), each pixel followed by zeros.
Tensor insert_zeros(const Tensor& x, int64_t up_x, int64_t up_y) {
  if (up_x == 1 && up_y == 1) return x;
  const auto spread = x.reshape({x.size(0), x.size(1), x.size(2), 1, x.size(3), 1});
  return at::constant_pad_nd(spread, {0, up_x - 1, 0, 0, 0, up_y - 1})
      .reshape({x.size(0), x.size(1), x.size(2) * up_y, x.size(3) * up_x});
}

}  // namespace

Tensor reference::fir_resample(const Tensor& x, const Tensor& kernel, at::IntArrayRef factors, at::IntArrayRef pads) {
  auto y = insert_zeros(x, factors[0], factors[1]);
  y = at::constant_pad_nd(y, pads);  // negative paddings crop
  const auto weight = kernel.to(x.dtype()).flip({0, 1}).view({1, 1, kernel.size(0), kernel.size(1)});
  const int64_t height = y.size(2) - kernel.size(0) + 1, width = y.size(3) - kernel.size(1) + 1;
  y = at::conv2d(y.reshape({x.size(0) * x.size(1), 1, y.size(2), y.size(3)}), weight)
          .reshape({x.size(0), x.size(1), height, width});
  y = y.slice(2, 0, y.size(2), factors[3]).slice(3, 0, y.size(3), factors[2]);
  return y.contiguous(x.suggest_memory_format());
}

}  // namespace lifted::ops
