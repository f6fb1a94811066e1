#include "lifted/ops/cpu/to_rgb_kernel.h"

#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

/// out[x] = bias + Σ_c weight[c]·x[c], clamped, for one row; the three planes are H·W apart.
void project_row(const ToRgbParams& p, const float* x, const float* weight, float* out) {
  const int64_t plane = p.height * p.width;
  for (int64_t i = 0; i < p.width; ++i, x += p.channels) {
    Floats16 sum[3] = {broadcast(0), broadcast(0), broadcast(0)};
    for (int64_t c = 0; c < p.channels; c += 16) {
      const Floats16 v = load_some(x + c, p.channels - c);
      for (int k = 0; k < 3; ++k) sum[k] = multiply_add(v, load(weight + k * p.padded_channels + c), sum[k]);
    }
    for (int k = 0; k < 3; ++k) {
      const float v = horizontal_sum(sum[k]) + p.bias[k];
      const float above = v < -p.clamp ? -p.clamp : v;
      out[k * plane + i] = above > p.clamp ? p.clamp : above;
    }
  }
}

/// Adds row y of the skip image upsampled by two. Of the four taps an even coordinate 2i meets taps 0 and 2 on pixels
/// i−1 and i, an odd one taps 1 and 3 on i and i+1.
void add_upsampled_row(const ToRgbParams& p, const float* skip, int64_t y, float* out, float* line) {
  const int64_t half = p.width / 2, odd = y % 2, first = y / 2 - 1 + odd;
  const float* above = first >= 0 ? skip + first * half : nullptr;
  const float* below = first + 1 < p.height / 2 ? skip + (first + 1) * half : nullptr;
  for (int64_t i = 0; i < half; ++i) {
    line[1 + i] = (above ? above[i] * p.fir[odd] : 0.0f) + (below ? below[i] * p.fir[2 + odd] : 0.0f);
  }
  for (int64_t i = 0; i < half; ++i) {
    out[2 * i] += line[i] * p.fir[0] + line[i + 1] * p.fir[2];
    out[2 * i + 1] += line[i + 1] * p.fir[1] + line[i + 2] * p.fir[3];
  }
}

}  // namespace

void to_rgb_rows(const ToRgbParams& p, int64_t begin, int64_t end, float* line) {
  const int64_t plane = p.height * p.width;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t n = row / p.height, y = row % p.height;
    float* out = p.out + n * 3 * plane + y * p.width;
    project_row(p, p.x + row * p.width * p.channels, p.weight + n * 3 * p.padded_channels, out);
    if (!p.skip) continue;
    for (int64_t k = 0; k < 3; ++k) add_upsampled_row(p, p.skip + (n * 3 + k) * plane / 4, y, out + k * plane, line);
  }
}

}  // namespace lifted::ops::LIFTED_ISA
