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
            Floats16 v = c < count ? load_some(from + c, count - c) : broadcast(0);
            if (scale && c < count) v = v * load_some(scale + c, count - c);
            store(to + c, v);
          }
        }
        for (int64_t i = 0; i < l.border * block; ++i) to[i] = 0;
      }
    }
  }
}

/// Sums set aside → activation, for a row of pixels and sixteen output channels.
class Epilogue {
 public:
  Epilogue(const StyledConvParams& p, int64_t image, int64_t channel)
      : scale_(p.out_scale ? load(p.out_scale + image * p.packing.padded_out + channel) : broadcast(1)),
        bias_(p.bias ? load(p.bias + channel) : broadcast(0)),
        gain_(broadcast(p.gain)),
        slope_(broadcast(p.slope)),
        least_(broadcast(-p.clamp)),
        most_(broadcast(p.clamp)),
        noise_(p.noise ? p.noise + image * p.noise_stride : nullptr),
        noise_strength_(p.noise_strength),
        out_(p.out + image * p.out_height * p.out_width * p.packing.out + channel),
        step_(p.packing.out),
        channels_(p.packing.out - channel) {}

  /// next(): the convolution at the following pixel, starting with `pixel` (counted through the image).
  template <typename Next>
  void run(int64_t pixel, int64_t count, Next next) const {
    float* to = out_ + pixel * step_;
    for (int64_t i = 0; i < count; ++i, to += step_) {
      Floats16 v = next() * scale_;
      if (noise_) v = v + broadcast(noise_[pixel + i] * noise_strength_);
      v = (v + bias_) * gain_;
      v = minimum(most_, maximum(least_, maximum(v, v * slope_)));
      if (channels_ >= 16) {
        store(to, v);
      } else {
        store_some(to, v, channels_);
      }
    }
  }

 private:
  Floats16 scale_, bias_, gain_, slope_, least_, most_;
  const float* noise_;
  float noise_strength_;
  float* out_;
  int64_t step_, channels_;
};

/// Calls f(channel, offset in the chunk) for each sixteen channels of a chunk that exist.
template <typename F>
void for_each_group(const ConvPacking& packing, int64_t chunk, F f) {
  for (int64_t c = 0; c < packing.chunk && chunk * packing.chunk + c < packing.out; c += 16)
    f(chunk * packing.chunk + c, c);
}

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
        for_each_group(p.packing, chunk, [&](int64_t channel, int64_t c) {
          const float* sum = row + c - out;
          Epilogue(p, n, channel).run((task.row_begin + r) * p.width, p.width, [&] { return load(sum += out); });
        });
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

/// Four taps along a direction.
struct Fir {
  explicit Fir(const float* taps) : f{broadcast(taps[0]), broadcast(taps[1]), broadcast(taps[2]), broadcast(taps[3])} {}
  Floats16 operator()(Floats16 a, Floats16 b, Floats16 c, Floats16 d) const {
    return multiply_add(d, f[3], multiply_add(c, f[2], multiply_add(b, f[1], a * f[0])));
  }
  Floats16 f[4];
};

/// Rows of the transposed convolution of one image, of which as many are kept as the layout says.
struct TransposedRows {
  const StyledConvLayout& l;
  float* first;
  float* operator()(int64_t t) const { return first + (t - l.first_transposed_row) % l.kept_rows * l.transposed_row; }
};

/// Zeros where the filter reads beside or above and below the transposed image.
void clear_frame(const StyledConvParams& p, const StyledConvLayout& l, int64_t t, float* row) {
  const size_t pixel = static_cast<size_t>(p.packing.chunk) * sizeof(float);
  if (t < 0 || t > 2 * p.height) {
    std::memset(row, 0, static_cast<size_t>(l.transposed_row) * sizeof(float));
  } else {
    std::memset(row, 0, pixel);
    std::memset(row + l.transposed_row - p.packing.chunk, 0, pixel);
  }
}

/// Filters rows y−1 … y+2 of the transposed convolution down to output row y.
void fir_row(const StyledConvParams& p, const StyledConvLayout& l, const TransposedRows& rows, int64_t n, int64_t chunk,
             int64_t y, float* line) {
  const int64_t out = p.packing.chunk;
  const Fir fir(p.fir);
  const float *a = rows(y - 1), *b = rows(y), *c = rows(y + 1), *d = rows(y + 2);
  for (int64_t i = 0; i < l.transposed_row; i += 16)
    store(line + i, fir(load(a + i), load(b + i), load(c + i), load(d + i)));
  for_each_group(p.packing, chunk, [&](int64_t channel, int64_t offset) {
    const float* v = line + offset;
    Floats16 v0 = load(v), v1 = load(v + out), v2 = load(v + 2 * out);
    v += 2 * out;
    Epilogue(p, n, channel).run(y * p.out_width, p.out_width, [&] {
      const Floats16 v3 = load(v += out), sum = fir(v0, v1, v2, v3);
      v0 = v1, v1 = v2, v2 = v3;
      return sum;
    });
  });
}

/// Row t of one image for one block of input channels; a row outside the image is left at zero.
void transposed_row(const StyledConvParams& p, const StyledConvLayout& l, const float* packed, const float* weight,
                    int64_t b, int64_t t, float* row) {
  if (b == 0) clear_frame(p, l, t, row);
  if (t < 0 || t > 2 * p.height) return;
  for (int64_t phase = 0; phase < 2; ++phase) transposed_row_phase(p, l, packed, weight, b > 0, t, phase, row);
}

void upsampling_conv(const StyledConvParams& p, const StyledConvLayout& l, const StyledConvTask& task, int64_t chunk,
                     float* scratch) {
  float* line = scratch + l.packed_size;
  float* sums = line + l.transposed_row;
  const int64_t blocks = p.packing.blocks, slice = p.packing.taps * p.packing.block * p.packing.chunk;
  const auto rows_of = [&](int64_t n) {
    return TransposedRows{l, sums + (n - task.image_begin) * l.kept_rows * l.transposed_row};
  };
  for (int64_t b = 0; b < blocks; ++b) {
    const float* weight = p.weight + (chunk * blocks + b) * slice;
    for (int64_t n = task.image_begin; n < task.image_end; ++n) {
      const float* packed = scratch + packed_offset(l, b, n - task.image_begin, 0);
      const TransposedRows rows = rows_of(n);
      for (int64_t i = 0; i < l.transposed_rows; ++i) {
        const int64_t t = l.first_transposed_row + i;
        transposed_row(p, l, packed, weight, b, t, rows(t));
        // After the last block the three rows above are complete too, and still in the cache.
        if (b + 1 == blocks && i >= 3) fir_row(p, l, rows, n, chunk, t - 2, line);
      }
    }
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
