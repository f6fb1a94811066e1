#include "lifted/ops/cpu/direct_conv.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "lifted/ops/cpu/panel_product_kernel.h"

namespace lifted::ops {
namespace {
using torch::Tensor;

constexpr int64_t kPanel = 16;
constexpr auto kDense = at::MemoryFormat::ChannelsLast;

/// What the three maps have in common: outer (the convolution's output) and inner (its input) pictures.
struct Shape {
  int64_t batch, in, out, height, width, outer_height, outer_width, kernel_y, kernel_x, stride, pad_y, pad_x;

  Shape(at::IntArrayRef inner, at::IntArrayRef outer, at::IntArrayRef weight, const ConvolutionOptions& o)
      : batch(inner[0]),
        in(inner[1]),
        out(outer[1]),
        height(inner[2]),
        width(inner[3]),
        outer_height(outer[2]),
        outer_width(outer[3]),
        kernel_y(weight[2]),
        kernel_x(weight[3]),
        stride(o.stride),
        pad_y(o.padding.y),
        pad_x(o.padding.x) {
    if (kernel_y * kernel_x == 1 && stride == 1 && pad_y == 0 && pad_x == 0) as_one_row();
  }

  /// A 1×1 convolution knows no rows: pieces of about a hundred pixels of one long row.
  void as_one_row() {
    constexpr int64_t kLong = 128;
    const int64_t pixels = height * width;
    int64_t row = 1;
    for (int64_t candidate = 2; candidate <= std::min(kLong, pixels); ++candidate) {
      if (pixels % candidate == 0) row = candidate;
    }
    height = outer_height = pixels / row;
    width = outer_width = row;
  }
};

/// Outer positions [first, last) along one axis whose tap `k` lies inside the picture.
struct Range {
  int64_t first, last;
  int64_t count() const { return last - first; }
};
Range outer_range(int64_t k, int64_t padding, int64_t stride, int64_t inner, int64_t outer) {
  const int64_t first = k >= padding ? 0 : (padding - k + stride - 1) / stride;
  const int64_t last = std::min(outer, (inner - 1 + padding - k) / stride + 1);
  return {first, std::max(first, inner + padding - k <= 0 ? first : last)};
}

/// weight (out×in×ky×kx) → ky×kx×(columns/16)×rows×16, columns the channels that come out.
Tensor packed(const Tensor& weight, bool for_input_gradient) {
  const Tensor taps = for_input_gradient ? weight.permute({2, 3, 1, 0}) : weight.permute({2, 3, 0, 1});
  return taps.reshape({taps.size(0), taps.size(1), taps.size(2) / kPanel, kPanel, taps.size(3)})
      .transpose(3, 4)
      .contiguous();
}

/// f on every row of every picture: f(picture, row).
template <typename F>
void for_rows(int64_t batch, int64_t rows, const F& f) {
  at::parallel_for(0, batch * rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(i / rows, i % rows);
  });
}

void fill_row(float* row, int64_t pixels, int64_t channels, const float* bias) {
  if (!bias) return std::fill_n(row, pixels * channels, 0.0f), void();
  for (int64_t i = 0; i < pixels; ++i) std::copy_n(bias, channels, row + i * channels);
}

Tensor dense_pictures(const Tensor& like, int64_t channels, int64_t height, int64_t width) {
  return at::empty({like.size(0), channels, height, width}, like.options().requires_grad(false).memory_format(kDense));
}

}  // namespace

bool direct_conv_takes(int64_t in, int64_t out) {
  // AVX-512: oneDNN's own channels_last kernels reach the machine's peak there.
  return isa_level() == IsaLevel::avx2 && in % kPanel == 0 && out % kPanel == 0 && in > 0 && out > 0;
}

Tensor direct_conv2d(const Tensor& pictures, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& o) {
  const Tensor x = pictures.contiguous(kDense), taps = packed(weight, false);
  const auto side = [&](int64_t axis, int64_t padding) {
    return (x.size(axis) + 2 * padding - weight.size(axis)) / o.stride + 1;
  };
  Tensor y = dense_pictures(x, weight.size(0), side(2, o.padding.y), side(3, o.padding.x));
  const Shape s(x.sizes(), y.sizes(), weight.sizes(), o);
  const Tensor offsets = bias.defined() ? bias.contiguous() : bias;
  const float *from = x.data_ptr<float>(), *b = taps.data_ptr<float>();
  const float* added = bias.defined() ? offsets.data_ptr<float>() : nullptr;
  float* to = y.data_ptr<float>();
  for_rows(s.batch, s.outer_height, [&](int64_t picture, int64_t row) {
    float* outer = to + (picture * s.outer_height + row) * s.outer_width * s.out;
    fill_row(outer, s.outer_width, s.out, added);
    for (int64_t ky = 0; ky < s.kernel_y; ++ky) {
      const int64_t y_in = row * s.stride - s.pad_y + ky;
      if (y_in < 0 || y_in >= s.height) continue;
      const float* inner = from + (picture * s.height + y_in) * s.width * s.in;
      for (int64_t kx = 0; kx < s.kernel_x; ++kx) {
        const Range xs = outer_range(kx, s.pad_x, s.stride, s.width, s.outer_width);
        if (xs.count() <= 0) continue;
        const PanelProduct product{.a = inner + (xs.first * s.stride - s.pad_x + kx) * s.in,
                                   .b = b + (ky * s.kernel_x + kx) * s.in * s.out,
                                   .c = outer + xs.first * s.out,
                                   .rows = xs.count(),
                                   .depth = s.in,
                                   .panels = s.out / kPanel,
                                   .a_row = s.stride * s.in,
                                   .a_k = 1,
                                   .b_panel = s.in * kPanel,
                                   .b_k = kPanel,
                                   .c_row = s.out,
                                   .accumulate = true};
        LIFTED_CALL_ISA(panel_product, product);
      }
    }
  });
  return y;
}

Tensor direct_input_gradient(const Tensor& gradient, const Tensor& weight, at::IntArrayRef input_size,
                             const ConvolutionOptions& o) {
  const Tensor y = gradient.contiguous(kDense), taps = packed(weight, true);
  Tensor x = dense_pictures(y, input_size[1], input_size[2], input_size[3]);
  const Shape s(x.sizes(), y.sizes(), weight.sizes(), o);
  const float *from = y.data_ptr<float>(), *b = taps.data_ptr<float>();
  float* to = x.data_ptr<float>();
  for_rows(s.batch, s.height, [&](int64_t picture, int64_t row) {
    float* inner = to + (picture * s.height + row) * s.width * s.in;
    fill_row(inner, s.width, s.in, nullptr);
    for (int64_t ky = 0; ky < s.kernel_y; ++ky) {
      const int64_t up = row + s.pad_y - ky;
      if (up < 0 || up % s.stride != 0 || up / s.stride >= s.outer_height) continue;
      const float* outer = from + (picture * s.outer_height + up / s.stride) * s.outer_width * s.out;
      for (int64_t kx = 0; kx < s.kernel_x; ++kx) {
        const Range xs = outer_range(kx, s.pad_x, s.stride, s.width, s.outer_width);
        if (xs.count() <= 0) continue;
        const PanelProduct product{.a = outer + xs.first * s.out,
                                   .b = b + (ky * s.kernel_x + kx) * s.in * s.out,
                                   .c = inner + (xs.first * s.stride - s.pad_x + kx) * s.in,
                                   .rows = xs.count(),
                                   .depth = s.out,
                                   .panels = s.in / kPanel,
                                   .a_row = s.out,
                                   .a_k = 1,
                                   .b_panel = s.out * kPanel,
                                   .b_k = kPanel,
                                   .c_row = s.stride * s.in,
                                   .accumulate = true};
        LIFTED_CALL_ISA(panel_product, product);
      }
    }
  });
  return x;
}

Tensor direct_weight_gradient(const Tensor& gradient, const Tensor& pictures, at::IntArrayRef weight_size,
                              const ConvolutionOptions& o) {
  const Tensor y = gradient.contiguous(kDense), x = pictures.contiguous(kDense);
  const Shape s(x.sizes(), y.sizes(), weight_size, o);
  constexpr int64_t kRows = 48;
  const int64_t parts = (s.in + kRows - 1) / kRows;
  Tensor sums = at::zeros({weight_size[2], weight_size[3], s.in, s.out}, x.options().requires_grad(false));
  const float *inner = x.data_ptr<float>(), *outer = y.data_ptr<float>();
  float* to = sums.data_ptr<float>();
  // Every thread has taps and rows of its own and goes through all pictures in order.
  at::parallel_for(0, s.kernel_y * s.kernel_x * parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t tap = i / parts, first = i % parts * kRows, ky = tap / s.kernel_x, kx = tap % s.kernel_x;
      const Range ys = outer_range(ky, s.pad_y, s.stride, s.height, s.outer_height);
      const Range xs = outer_range(kx, s.pad_x, s.stride, s.width, s.outer_width);
      if (xs.count() <= 0) continue;
      for (int64_t picture = 0; picture < s.batch; ++picture) {
        for (int64_t row = ys.first; row < ys.last; ++row) {
          const int64_t y_in = row * s.stride - s.pad_y + ky, x_in = xs.first * s.stride - s.pad_x + kx;
          const PanelProduct product{.a = inner + ((picture * s.height + y_in) * s.width + x_in) * s.in + first,
                                     .b = outer + ((picture * s.outer_height + row) * s.outer_width + xs.first) * s.out,
                                     .c = to + (tap * s.in + first) * s.out,
                                     .rows = std::min(kRows, s.in - first),
                                     .depth = xs.count(),
                                     .panels = s.out / kPanel,
                                     .a_row = 1,
                                     .a_k = s.stride * s.in,
                                     .b_panel = kPanel,
                                     .b_k = s.out,
                                     .c_row = s.out,
                                     .accumulate = true};
          LIFTED_CALL_ISA(panel_product, product);
        }
      }
    }
  });
  return sums.permute({3, 2, 0, 1}).contiguous();
}

}  // namespace lifted::ops
