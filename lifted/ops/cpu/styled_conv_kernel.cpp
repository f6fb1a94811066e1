#include "lifted/ops/cpu/styled_conv_kernel.h"

#include "lifted/ops/cpu/conv_tile_inl.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

int64_t packed_offset(const StyledConvLayout& l, int64_t block, int64_t image, int64_t row) {
  return ((block * l.images + image) * l.in_rows + row) * l.packed_row;
}

/// Copies the input rows a task reads into blocks of channels, scaled, with a frame of zeros.
void pack_input(const StyledConvParams& p, const StyledConvLayout& l, const StyledConvTask& task, float* packed) {
  const int64_t in = p.packing.in, block = p.packing.block;
  for (int64_t b = 0; b < p.packing.blocks; ++b) {
    const int64_t first = b * block, count = in - first < block ? in - first : block;
    for (int64_t n = task.image_begin; n < task.image_end; ++n) {
      const float* scale = p.in_scale ? p.in_scale + n * in + first : nullptr;
      for (int64_t r = 0; r < l.in_rows; ++r) {
        float* to = packed + packed_offset(l, b, n - task.image_begin, r);
        const int64_t y = l.first_in_row + r;
        if (y < 0 || y >= p.height) {
          std::memset(to, 0, static_cast<size_t>(l.packed_row) * sizeof(float));
          continue;
        }
        const float* from = p.x + ((n * p.height + y) * p.width) * in + first;
        for (int64_t i = 0; i < l.border * block; ++i) to[i] = 0;
        to += l.border * block;
        for (int64_t x = 0; x < p.width; ++x, to += block, from += in) {
          for (int64_t c = 0; c < block; c += 16) {
            F16 v = c < count ? load_some(from + c, count - c) : broadcast(0);
            if (scale && c < count) v = v * load_some(scale + c, count - c);
            store(to + c, v);
          }
        }
        for (int64_t i = 0; i < l.border * block; ++i) to[i] = 0;
      }
    }
  }
}

/// Sums set aside → activation.
struct Epilogue {
  Epilogue(const StyledConvParams& params, int64_t image, int64_t chunk)
      : p(params), first(chunk * params.packing.chunk), n(image) {}

  /// sum: the convolution at output channel first + c of the pixel at offset `pixel` in the image.
  F16 operator()(F16 sum, int64_t c, int64_t pixel) const {
    if (p.out_scale) sum = sum * load(p.out_scale + n * p.packing.padded_out + first + c);
    if (p.noise) sum = sum + broadcast(p.noise[n * p.noise_stride + pixel] * p.noise_strength);
    if (p.bias) sum = sum + load(p.bias + first + c);
    const F16 scaled = sum * broadcast(p.gain);
    const F16 active = maximum(scaled, scaled * broadcast(p.slope));
    return minimum(maximum(active, broadcast(-p.clamp)), broadcast(p.clamp));
  }
  void store_pixel(F16 sum, int64_t c, int64_t pixel) const {
    const int64_t left = p.packing.out - first - c;
    if (left <= 0) return;
    const int64_t image = p.out_height * p.out_width;
    store_some(p.out + (n * image + pixel) * p.packing.out + first + c, (*this)(sum, c, pixel), left);
  }

  const StyledConvParams& p;
  int64_t first, n;
};

// ---- Plain convolution ----

void plain_conv(const StyledConvParams& p, const StyledConvLayout& l, const StyledConvTask& task, int64_t chunk,
                float* scratch) {
  const float* packed = scratch;
  float* sums = scratch + l.packed_size;
  const int64_t block = p.packing.block, out = p.packing.chunk;
  TapList taps;
  for (int64_t ky = 0; ky < p.kernel; ++ky) {
    for (int64_t kx = 0; kx < p.kernel; ++kx) taps.add(ky * l.packed_row + kx * block, ky * p.kernel + kx);
  }
  const int64_t rows = task.row_end - task.row_begin, blocks = p.packing.blocks;
  for (int64_t b = 0; b < blocks; ++b) {
    const float* weight = p.weight + (chunk * blocks + b) * p.packing.taps * block * out;
    for (int64_t n = task.image_begin; n < task.image_end; ++n) {
      const Epilogue epilogue(p, n, chunk);
      for (int64_t r = 0; r < rows; ++r) {
        // With a single block the sums are used at once and one row of them is enough.
        float* row = sums + (blocks == 1 ? 0 : (n - task.image_begin) * rows + r) * p.width * out;
        conv_row({.x = packed + packed_offset(l, b, n - task.image_begin, r),
                  .weight = weight,
                  .sums = row,
                  .sum_stride = out,
                  .pixels = p.width,
                  .block = block,
                  .chunk = out,
                  .accumulate = b > 0},
                 taps);
        if (b + 1 < blocks) continue;
        const int64_t pixel = (task.row_begin + r) * p.width;
        for (int64_t x = 0; x < p.width; ++x) {
          for (int64_t c = 0; c < out; c += 16) epilogue.store_pixel(load(row + x * out + c), c, pixel + x);
        }
      }
    }
  }
}

// ---- Transposed convolution of stride 2, then the FIR filter ----

/// Row t of the transposed convolution, one of its two column phases. Even coordinates meet taps 0 and 2, odd ones
/// tap 1.
void transposed_row_phase(const StyledConvParams& p, const StyledConvLayout& l, const float* packed,
                          const float* weight, bool accumulate, int64_t t, int64_t phase, float* row) {
  const int64_t block = p.packing.block, out = p.packing.chunk;
  TapList taps;
  for (int64_t ky = t % 2; ky < 3; ky += 2) {
    for (int64_t kx = phase; kx < 3; kx += 2) taps.add(-(ky / 2) * l.packed_row - (kx / 2) * block, ky * 3 + kx);
  }
  const float* x = packed + (t / 2 - l.first_in_row) * l.packed_row + l.border * block;
  conv_row({.x = x,
            .weight = weight,
            .sums = row + (1 + phase) * out,
            .sum_stride = 2 * out,
            .pixels = p.width + (phase == 0 ? 1 : 0),
            .block = block,
            .chunk = out,
            .accumulate = accumulate},
           taps);
}

/// Filters rows of the transposed convolution down to one output row.
void fir_row(const StyledConvParams& p, const StyledConvLayout& l, const Epilogue& epilogue, const float* first_row,
             int64_t y, float* line) {
  const int64_t out = p.packing.chunk, stride = l.transposed_row;
  const F16 f0 = broadcast(p.fir[0]), f1 = broadcast(p.fir[1]), f2 = broadcast(p.fir[2]), f3 = broadcast(p.fir[3]);
  const auto filter = [&](const float* v, int64_t step) {
    return multiply_add(load(v + 3 * step), f3,
                        multiply_add(load(v + 2 * step), f2, multiply_add(load(v + step), f1, load(v) * f0)));
  };
  for (int64_t i = 0; i < stride; i += 16) store(line + i, filter(first_row + i, stride));
  for (int64_t x = 0; x < 2 * p.width; ++x) {
    for (int64_t c = 0; c < out; c += 16) {
      epilogue.store_pixel(filter(line + x * out + c, out), c, y * 2 * p.width + x);
    }
  }
}

void upsampling_conv(const StyledConvParams& p, const StyledConvLayout& l, const StyledConvTask& task, int64_t chunk,
                     float* scratch) {
  float* rows = scratch + l.packed_size;
  float* line = rows + (task.image_end - task.image_begin) * l.transposed_rows * l.transposed_row;
  const int64_t block = p.packing.block, blocks = p.packing.blocks, out = p.packing.chunk;
  const auto row_of = [&](int64_t n, int64_t t) {
    return rows + ((n - task.image_begin) * l.transposed_rows + t - l.first_transposed_row) * l.transposed_row;
  };
  std::memset(rows, 0,
              static_cast<size_t>(line - rows) * sizeof(float));  // the frame around the transposed image stays zero
  for (int64_t b = 0; b < blocks; ++b) {
    const float* weight = p.weight + (chunk * blocks + b) * p.packing.taps * block * out;
    for (int64_t n = task.image_begin; n < task.image_end; ++n) {
      const float* packed = scratch + packed_offset(l, b, n - task.image_begin, 0);
      for (int64_t i = 0; i < l.transposed_rows; ++i) {
        const int64_t t = l.first_transposed_row + i;
        if (t < 0 || t > 2 * p.height) continue;
        for (int64_t phase = 0; phase < 2; ++phase) {
          transposed_row_phase(p, l, packed, weight, b > 0, t, phase, row_of(n, t));
        }
      }
    }
  }
  for (int64_t n = task.image_begin; n < task.image_end; ++n) {
    const Epilogue epilogue(p, n, chunk);
    for (int64_t y = task.row_begin; y < task.row_end; ++y) fir_row(p, l, epilogue, row_of(n, y - 1), y, line);
  }
}

}  // namespace

void styled_conv(const StyledConvParams& p, const StyledConvTask& task, const StyledConvLayout& layout,
                 float* scratch) {
  pack_input(p, layout, task, scratch);
  for (int64_t chunk = task.chunk_begin; chunk < task.chunk_end; ++chunk) {
    if (p.upsample) {
      upsampling_conv(p, layout, task, chunk, scratch);
    } else {
      plain_conv(p, layout, task, chunk, scratch);
    }
  }
}

}  // namespace lifted::ops::LIFTED_ISA
