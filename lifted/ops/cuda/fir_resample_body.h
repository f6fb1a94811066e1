// fir_resample on a card: a thread an element of the result.
#pragma once

#include "lifted/ops/core/division.h"
#include "lifted/ops/core/taps.h"

namespace lifted::ops::cuda {

template <typename T>
struct FirResampleThread {
  const T* x;
  const core::Wide<T>* kernel;  // kernel_h×kernel_w, already flipped: taps meet pixels in reading order
  T* out;
  int64_t height, width;
  core::Divisor out_height, out_width;
  core::Divisor channels;  // innermost ones; 1 when planar
  int64_t kernel_h, kernel_w;
  int64_t up_x, up_y, down_x, down_y, pad_x0, pad_y0;

  LIFTED_BODY void operator()(int64_t i) const {
    using W = core::Wide<T>;
    const core::Division pixel = core::divide(i, channels), row = core::divide(pixel.quotient, out_width),
                         image = core::divide(row.quotient, out_height);
    const core::TapRange ty = core::tap_range(image.rest, down_y, pad_y0, up_y, kernel_h, height);
    const core::TapRange tx = core::tap_range(row.rest, down_x, pad_x0, up_x, kernel_w, width);
    const T* from = x + image.quotient * height * width * channels.by + pixel.rest;
    W sum = 0;
    for (int64_t a = 0; a < ty.count; ++a) {
      const T* pixels = from + ((ty.pixel + a) * width + tx.pixel) * channels.by;
      const W* taps = kernel + (ty.first + a * up_y) * kernel_w + tx.first;
      for (int64_t b = 0; b < tx.count; ++b) sum += taps[b * up_x] * static_cast<W>(pixels[b * channels.by]);
    }
    out[i] = static_cast<T>(sum);
  }
};

}  // namespace lifted::ops::cuda
