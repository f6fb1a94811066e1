// Inner loops of the fused styled convolution (inference), free of torch: scaled input → 3×3 convolution, plain or
// transposed with stride 2 and FIR → demodulation, noise, bias, leaky ReLU, clamp. Activations are channels-innermost.
//
// Every output element is one fixed sequence of operations (input channels in blocks of kBlock, taps in order, channels
// in order), so results do not depend on how images, rows and channels are cut into tasks.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

/// Weights are stored as [output chunk][input block][tap][input channel in block][output channel in chunk],
/// zero-padded. Plain numbers: code compiled once per instruction set must not share inline functions. Made by
/// make_conv_packing.
struct ConvPacking {
  int64_t out = 0, in = 0, taps = 0;
  int64_t chunk = 0, chunks = 0;  // output channels computed together: 16, 32, 48 or 64
  int64_t block = 0, blocks = 0;  // input channels summed before the sum is set aside: 16 or 32
  int64_t padded_out = 0, size = 0;
};
ConvPacking make_conv_packing(int64_t out, int64_t in, int64_t taps);

struct StyledConvParams {
  ConvPacking packing;
  bool upsample = false;
  int64_t kernel = 3;               // 3, or 1 (plain only)
  const float* x = nullptr;         // B×H×W×in
  const float* weight = nullptr;    // packed
  const float* in_scale = nullptr;  // B×in, or null
  float* out = nullptr;             // B×out_height×out_width×out
  int64_t height = 0, width = 0;    // of x
  int64_t out_height = 0, out_width = 0;

  // Epilogue; every pointer may be null.
  const float* out_scale = nullptr;  // B×padded_out
  const float* noise = nullptr;      // H'×W' for each image, noise_stride apart (0: one for all)
  int64_t noise_stride = 0;
  float noise_strength = 0;
  const float* bias = nullptr;  // padded_out
  float slope = 1, gain = 1;    // of the leaky ReLU: 0 < slope <= 1
  float clamp = 0;              // infinity for none
  float fir[4] = {};            // taps along both axes, when upsampling
};

/// What one task computes: output rows [row_begin, row_end) of images [image_begin, image_end), channels of
/// [chunk_begin, chunk_end). Several images only together with all their rows.
struct StyledConvTask {
  int64_t image_begin = 0, image_end = 0, row_begin = 0, row_end = 0, chunk_begin = 0, chunk_end = 0;
};

/// How a task lays out its scratch memory: packed input ([block][image][row][column][channel], framed by zeros), then
/// sums: of the plain convolution, or rows of the transposed one (one column of zeros on either side) and one filtered
/// line.
struct StyledConvLayout {
  int64_t border = 0;                     // zero columns on either side of the packed input
  int64_t first_in_row = 0, in_rows = 0;  // input rows read, possibly outside the image
  int64_t first_transposed_row = 0, transposed_rows = 0, transposed_row = 0;  // the last: floats in one
  int64_t kept_rows = 0;  // of the transposed rows of an image: 4 where each is complete at once, else all
  int64_t images = 0, packed_row = 0;
  int64_t packed_size = 0, sums_size = 0;
};
StyledConvLayout make_styled_conv_layout(const StyledConvParams& p, const StyledConvTask& task);

/// scratch: packed_size + sums_size floats.
LIFTED_DECLARE_ISA(void styled_conv(const StyledConvParams& p, const StyledConvTask& task,
                                    const StyledConvLayout& layout, float* scratch);)

}  // namespace lifted::ops
