#include "lifted/ops/cpu/pool_kernel.h"

#include <algorithm>

#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

constexpr int64_t kWindow = 3;

struct Window {
  int64_t first_y, last_y, first_x, last_x;
};

/// NaN where either is: each order of operands lets it through on one side.
F16 greater(F16 a, F16 b) {
  const F16 half = broadcast(0.5f);
  return maximum(a, b) * half + maximum(b, a) * half;
}

/// Sixteen channels of one window.
template <bool Mean>
F16 pooled(const Pool3x3& p, const Window& w, int64_t channel, int64_t count) {
  const float* from = p.from + channel;
  F16 result = load_some(from + w.first_y * p.row_step + w.first_x * p.pixel_step, count);
  for (int64_t y = w.first_y; y < w.last_y; ++y) {
    for (int64_t x = w.first_x + (y == w.first_y); x < w.last_x; ++x) {
      const F16 value = load_some(from + y * p.row_step + x * p.pixel_step, count);
      result = Mean ? result + value : greater(result, value);
    }
  }
  return Mean ? result * broadcast(1.0f / static_cast<float>((w.last_y - w.first_y) * (w.last_x - w.first_x))) : result;
}

template <bool Mean>
void pool_all(const Pool3x3& p) {
  for (int64_t y = 0; y < p.out_height; ++y) {
    for (int64_t x = 0; x < p.out_width; ++x) {
      const int64_t top = y * p.stride - p.padding, left = x * p.stride - p.padding;
      const Window window{std::max<int64_t>(top, 0), std::min(top + kWindow, p.height), std::max<int64_t>(left, 0),
                          std::min(left + kWindow, p.width)};
      float* to = p.to + y * p.out_row_step + x * p.out_pixel_step;
      for (int64_t c = 0; c < p.channels; c += 16) {
        const int64_t count = std::min<int64_t>(16, p.channels - c);
        const F16 value = pooled<Mean>(p, window, c, count);
        store_some(to + c, p.relu ? maximum(broadcast(0), value) : value, count);
      }
    }
  }
}

}  // namespace

void pool3x3(const Pool3x3& p) {
  p.mean ? pool_all<true>(p) : pool_all<false>(p);
}

}  // namespace lifted::ops::LIFTED_ISA
