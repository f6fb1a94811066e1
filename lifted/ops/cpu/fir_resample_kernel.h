// Inner loops of fir_resample, free of torch.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

template <typename T>
struct FirResampleParams {
  const T* x = nullptr;       // channels innermost: B×H×W×C; planar: (B·C)×H×W
  const T* kernel = nullptr;  // kernel_h×kernel_w, already flipped: taps meet pixels in reading order
  T* out = nullptr;           // laid out as x
  int64_t height = 0, width = 0, out_height = 0, out_width = 0;
  int64_t channels = 0;  // innermost channels; 1 when planar
  int64_t kernel_h = 0, kernel_w = 0;
  int64_t up_x = 1, up_y = 1, down_x = 1, down_y = 1;
  int64_t pad_x0 = 0, pad_y0 = 0;
};

/// Computes output rows [begin, end), counted through all images (or planes).
LIFTED_DECLARE_ISA(void fir_resample_rows(const FirResampleParams<float>& p, int64_t begin, int64_t end);
                   void fir_resample_rows(const FirResampleParams<double>& p, int64_t begin, int64_t end);)

}  // namespace lifted::ops
