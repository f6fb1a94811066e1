#include "lifted/ops/cpu/fir_resample_kernel.h"

#include <type_traits>

#include "lifted/ops/core/taps.h"
#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

using core::tap_range;
using core::TapRange;

/// The weighted sum of the pixels under the taps, for channels [begin, end) of one output pixel.
template <typename T>
void weighted_pixels(const FirResampleParams<T>& p, const T* image, const TapRange& ty, const TapRange& tx, T* out,
                     int64_t begin, int64_t end) {
  for (int64_t c = begin; c < end; ++c) {
    T sum = 0;
    for (int64_t i = 0; i < ty.count; ++i) {
      const T* row = image + ((ty.pixel + i) * p.width + tx.pixel) * p.channels + c;
      const T* taps = p.kernel + (ty.first + i * p.up_y) * p.kernel_w + tx.first;
      for (int64_t j = 0; j < tx.count; ++j) sum += taps[j * p.up_x] * row[j * p.channels];
    }
    out[c] = sum;
  }
}

/// The same for sixteen channels at once.
void weighted_pixels16(const FirResampleParams<float>& p, const float* image, const TapRange& ty, const TapRange& tx,
                       float* out, int64_t c) {
  Floats16 sum = broadcast(0);
  for (int64_t i = 0; i < ty.count; ++i) {
    const float* row = image + ((ty.pixel + i) * p.width + tx.pixel) * p.channels + c;
    const float* taps = p.kernel + (ty.first + i * p.up_y) * p.kernel_w + tx.first;
    for (int64_t j = 0; j < tx.count; ++j)
      sum = multiply_add(broadcast(taps[j * p.up_x]), load(row + j * p.channels), sum);
  }
  store(out + c, sum);
}

/// One output row, channels innermost.
template <typename T>
void interleaved_row(const FirResampleParams<T>& p, const T* image, int64_t oy, T* out) {
  const TapRange ty = tap_range(oy, p.down_y, p.pad_y0, p.up_y, p.kernel_h, p.height);
  for (int64_t ox = 0; ox < p.out_width; ++ox, out += p.channels) {
    const TapRange tx = tap_range(ox, p.down_x, p.pad_x0, p.up_x, p.kernel_w, p.width);
    int64_t c = 0;
    if constexpr (std::is_same_v<T, float>) {
      for (; c + 16 <= p.channels; c += 16) weighted_pixels16(p, image, ty, tx, out, c);
    }
    weighted_pixels(p, image, ty, tx, out, c, p.channels);
  }
}

/// One output row of one plane.
template <typename T>
void planar_row(const FirResampleParams<T>& p, const T* image, int64_t oy, T* out) {
  const TapRange ty = tap_range(oy, p.down_y, p.pad_y0, p.up_y, p.kernel_h, p.height);
  for (int64_t ox = 0; ox < p.out_width; ++ox) {
    const TapRange tx = tap_range(ox, p.down_x, p.pad_x0, p.up_x, p.kernel_w, p.width);
    T sum = 0;
    for (int64_t i = 0; i < ty.count; ++i) {
      const T* row = image + (ty.pixel + i) * p.width + tx.pixel;
      const T* taps = p.kernel + (ty.first + i * p.up_y) * p.kernel_w + tx.first;
      for (int64_t j = 0; j < tx.count; ++j) sum += taps[j * p.up_x] * row[j];
    }
    out[ox] = sum;
  }
}

template <typename T>
void rows(const FirResampleParams<T>& p, int64_t begin, int64_t end) {
  const int64_t image_size = p.height * p.width * p.channels, row_size = p.out_width * p.channels;
  for (int64_t row = begin; row < end; ++row) {
    const T* image = p.x + row / p.out_height * image_size;
    if (p.channels == 1) {
      planar_row(p, image, row % p.out_height, p.out + row * row_size);
    } else {
      interleaved_row(p, image, row % p.out_height, p.out + row * row_size);
    }
  }
}

}  // namespace

void fir_resample_rows(const FirResampleParams<float>& p, int64_t begin, int64_t end) {
  rows(p, begin, end);
}
void fir_resample_rows(const FirResampleParams<double>& p, int64_t begin, int64_t end) {
  rows(p, begin, end);
}

}  // namespace lifted::ops::LIFTED_ISA
