// Upsampling, filtering and downsampling of images in one step ("upfirdn2d").
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

/// Factors and paddings along x (columns) and y (rows). Paddings are in pixels of the zero-inserted image; negative
/// ones crop.
struct FirResampleOptions {
  int64_t up_x = 1, up_y = 1;
  int64_t down_x = 1, down_y = 1;
  int64_t pad_x0 = 0, pad_x1 = 0, pad_y0 = 0, pad_y1 = 0;

  static FirResampleOptions uniform(int64_t up, int64_t down, int64_t pad0, int64_t pad1) {
    return {up, up, down, down, pad0, pad1, pad0, pad1};
  }
};

/// Inserts up−1 zeros after every pixel, pads, convolves with `kernel` (a true convolution: the kernel is flipped),
/// keeps every down-th pixel. x: B×C×H×W (NCHW or channels_last; the result has the same layout); kernel: kh×kw, shared
/// by all channels. Result side: (H·up + pad0 + pad1 − kh) / down + 1. Gradients of any order flow to x, none to the
/// kernel. Errors: c10::Error if the result would be empty. Source: upfirdn2d of the public StyleGAN2 implementations.
torch::Tensor fir_resample(const torch::Tensor& x, const torch::Tensor& kernel, const FirResampleOptions& options,
                           Implementation implementation = Implementation::fused);

/// The outer product of `taps` with itself, divided by its sum and multiplied by `gain`.
torch::Tensor fir_kernel(const std::vector<float>& taps, double gain = 1);

}  // namespace lifted::ops
