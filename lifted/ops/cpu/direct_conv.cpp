#include "lifted/ops/cpu/direct_conv.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "lifted/ops/cpu/gathered_product_kernel.h"

namespace lifted::ops {
namespace {
using torch::Tensor;

constexpr auto kDense = at::MemoryFormat::ChannelsLast;
constexpr int64_t kDepthAtOnce =
    192;  // pixels summed at a time by a weight gradient: two panels in a first-level cache

int64_t rounded_up(int64_t value, int64_t step) {
  return (value + step - 1) / step * step;
}

/// Pictures whose channels lie innermost.
struct Pictures {
  float* data;
  int64_t count, height, width, picture_step, row_step, pixel_step;
  explicit Pictures(const Tensor& x)
      : data(x.data_ptr<float>()),
        count(x.size(0)),
        height(x.size(2)),
        width(x.size(3)),
        picture_step(x.stride(0)),
        row_step(x.stride(2)),
        pixel_step(x.stride(3)) {
    TORCH_CHECK(x.stride(1) == 1 || x.size(1) == 1, "direct convolution: channels must lie innermost");
  }
  float* row(int64_t picture, int64_t y) const { return data + picture * picture_step + y * row_step; }
};

/// Which pixels meet along one axis: the i-th target, at first + i·step, and for each tap the source at
/// i·source_step + offsets[tap].
struct GatherAxis {
  int64_t count, first, step, source_step;
  std::vector<int64_t> taps = {}, offsets = {};
};

GatherAxis forward_axis(int64_t outer, int64_t kernel, int64_t stride, int64_t padding) {
  GatherAxis axis{.count = outer, .first = 0, .step = 1, .source_step = stride};
  for (int64_t k = 0; k < kernel; ++k) axis.taps.push_back(k), axis.offsets.push_back(k - padding);
  return axis;
}

/// The inner pixels first, first + stride, …, which all meet the same taps.
GatherAxis backward_axis(int64_t inner, int64_t kernel, int64_t stride, int64_t padding, int64_t first) {
  GatherAxis axis{.count = (inner - first + stride - 1) / stride, .first = first, .step = stride, .source_step = 1};
  for (int64_t k = 0; k < kernel; ++k) {
    const int64_t up = first + padding - k;
    if (up % stride == 0) axis.taps.push_back(k), axis.offsets.push_back(up / stride);
  }
  return axis;
}

/// Pointers to the target pixels of a chunk and to the source pixels under every tap; zeros outside the pictures.
class Gathering {
 public:
  Gathering(GatherAxis y, GatherAxis x, const Pictures& target, const Pictures& source, int64_t source_channels)
      : y_(std::move(y)),
        x_(std::move(x)),
        target_(target),
        source_(source),
        zeros_(static_cast<size_t>(source_channels)) {}

  int64_t taps() const { return static_cast<int64_t>(y_.taps.size() * x_.taps.size()); }
  int64_t total() const { return target_.count * y_.count * x_.count; }
  /// Offsets of the taps in a weight tensor.
  std::vector<int64_t> tap_offsets(const Tensor& weight) const {
    std::vector<int64_t> offsets;
    for (const int64_t ky : y_.taps) {
      for (const int64_t kx : x_.taps) offsets.push_back(ky * weight.stride(2) + kx * weight.stride(3));
    }
    return offsets;
  }

  struct Chunk {
    std::vector<float*> targets;
    std::vector<const float*> sources;  // [tap][target]
  };
  Chunk chunk(int64_t begin, int64_t end) const {
    const int64_t count = end - begin;
    Chunk c{.targets = std::vector<float*>(static_cast<size_t>(count)),
            .sources = std::vector<const float*>(static_cast<size_t>(count * taps()))};
    for (int64_t i = begin; i < end;) {
      const int64_t row = i / x_.count, x = i % x_.count, run = std::min(x_.count - x, end - i);
      const int64_t picture = row / y_.count, y = row % y_.count;
      float* to = target_.row(picture, y_.first + y * y_.step) + (x_.first + x * x_.step) * target_.pixel_step;
      for (int64_t r = 0; r < run; ++r) c.targets[size_t(i - begin + r)] = to + r * x_.step * target_.pixel_step;
      int64_t tap = 0;  // where there is none, `sources` is empty: no address of it is formed
      for (const int64_t dy : y_.offsets) {
        const int64_t source_y = y * y_.source_step + dy;
        const bool inside = source_y >= 0 && source_y < source_.height;
        for (const int64_t dx : x_.offsets) {
          run_of_sources(inside ? source_.row(picture, source_y) : nullptr, x * x_.source_step + dx, run,
                         &c.sources[size_t(tap++ * count + i - begin)]);
        }
      }
      i += run;
    }
    return c;
  }

 private:
  void run_of_sources(const float* row, int64_t x, int64_t run, const float** to) const {
    for (int64_t r = 0; r < run; ++r, x += x_.source_step) {
      to[r] = row && x >= 0 && x < source_.width ? row + x * source_.pixel_step : zeros_.data();
    }
  }

  GatherAxis y_, x_;
  Pictures target_, source_;
  std::vector<float> zeros_;
};

/// Filters `to` × `from` channels with these strides, at these taps, as gathered_product reads them.
Tensor packed_filters(const Tensor& weight, bool backward, const std::vector<int64_t>& offsets, double scale) {
  const int64_t out = weight.size(backward ? 1 : 0), in = weight.size(backward ? 0 : 1);
  const int64_t taps = static_cast<int64_t>(offsets.size()), panels = (out + 15) / 16;
  Tensor result = at::empty({panels, taps, in, 16}, weight.options().requires_grad(false));
  const float* from = weight.data_ptr<float>();
  float* to = result.data_ptr<float>();
  const int64_t out_stride = weight.stride(backward ? 1 : 0), in_stride = weight.stride(backward ? 0 : 1);
  at::parallel_for(0, panels, 1, [&](int64_t begin, int64_t end) {
    const FilterPacking params{.from = from + begin * 16 * out_stride,
                               .to = to + begin * taps * in * 16,
                               .out = std::min(out, end * 16) - begin * 16,
                               .in = in,
                               .out_stride = out_stride,
                               .in_stride = in_stride,
                               .taps = taps,
                               .offsets = offsets.data(),
                               .scale = static_cast<float>(scale)};
    LIFTED_CALL_ISA(pack_filters, params);
  });
  return result;
}

/// Pixels of one task: their channels stay in a second-level cache's reach, and every thread has work.
int64_t chunk_size(int64_t total, int64_t channels) {
  const int64_t share = (total + at::get_num_threads() - 1) / at::get_num_threads();
  return std::min(std::clamp<int64_t>(40'000 / channels / 12 * 12, 48, 384), rounded_up(share, 12));
}

/// Every target pixel = bias + Σ packed · source.
void gather_products(const Gathering& gathering, const Tensor& filters, int64_t in, int64_t out, const float* bias,
                     int64_t relu_channels) {
  const float* b = filters.data_ptr<float>();
  const int64_t total = gathering.total(), size = chunk_size(total, in);
  at::parallel_for(0, (total + size - 1) / size, 1, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin * size; first < std::min(end * size, total); first += size) {
      const auto chunk = gathering.chunk(first, std::min(first + size, total));
      const GatheredProduct product{.a = chunk.sources.data(),
                                    .c = chunk.targets.data(),
                                    .b = b,
                                    .bias = bias,
                                    .rows = static_cast<int64_t>(chunk.targets.size()),
                                    .taps = gathering.taps(),
                                    .depth = in,
                                    .columns = out,
                                    .relu_columns = relu_channels};
      LIFTED_CALL_ISA(gathered_product, product);
    }
  });
}

Tensor dense_pictures(const Tensor& like, int64_t channels, int64_t height, int64_t width) {
  return at::empty({like.size(0), channels, height, width}, like.options().requires_grad(false).memory_format(kDense));
}

Gathering forward_gathering(const Tensor& x, const Tensor& y, at::IntArrayRef weight, const ConvolutionOptions& o) {
  return {forward_axis(y.size(2), weight[2], o.stride, o.padding.y),
          forward_axis(y.size(3), weight[3], o.stride, o.padding.x), Pictures(y), Pictures(x), x.size(1)};
}

/// One value for each column of the panels.
Tensor padded_bias(const Tensor& bias) {
  return bias.size(0) % 16 == 0 ? bias.contiguous() : at::constant_pad_nd(bias, {0, 16 - bias.size(0) % 16});
}

}  // namespace

bool direct_conv_takes(int64_t in, int64_t out) {
  // AVX-512: oneDNN's own channels_last kernels reach the machine's peak there.
  return isa_level() == IsaLevel::avx2 && in > 0 && out > 0;
}

Tensor pack_direct(const Tensor& weight, double scale) {
  std::vector<int64_t> offsets;
  for (int64_t ky = 0; ky < weight.size(2); ++ky) {
    for (int64_t kx = 0; kx < weight.size(3); ++kx) {
      offsets.push_back(ky * weight.stride(2) + kx * weight.stride(3));
    }
  }
  return packed_filters(weight, false, offsets, scale);
}

void direct_conv2d_into(const Tensor& x, const Tensor& filters, at::IntArrayRef weight_size, const Tensor& bias,
                        const ConvolutionOptions& o, int64_t relu_channels, const Tensor& y) {
  gather_products(forward_gathering(x, y, weight_size, o), filters, x.size(1), y.size(1),
                  bias.defined() ? bias.data_ptr<float>() : nullptr, relu_channels);
}

Tensor direct_conv2d(const Tensor& pictures, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& o) {
  const Tensor x = pictures.contiguous(kDense);
  const auto size = convolved_size(x.sizes(), weight.sizes(), o);
  Tensor y = dense_pictures(x, size[1], size[2], size[3]);
  direct_conv2d_into(x, pack_direct(weight, o.scale), weight.sizes(), bias.defined() ? padded_bias(bias) : bias, o, 0,
                     y);
  return y;
}

Tensor direct_input_gradient(const Tensor& gradient, const Tensor& weight, at::IntArrayRef input_size,
                             const ConvolutionOptions& o) {
  const Tensor y = gradient.contiguous(kDense);
  Tensor x = dense_pictures(y, input_size[1], input_size[2], input_size[3]);
  for (int64_t first_y = 0; first_y < std::min(o.stride, x.size(2)); ++first_y) {
    for (int64_t first_x = 0; first_x < std::min(o.stride, x.size(3)); ++first_x) {
      const Gathering gathering(backward_axis(x.size(2), weight.size(2), o.stride, o.padding.y, first_y),
                                backward_axis(x.size(3), weight.size(3), o.stride, o.padding.x, first_x), Pictures(x),
                                Pictures(y), y.size(1));
      gather_products(gathering, packed_filters(weight, true, gathering.tap_offsets(weight), o.scale), y.size(1),
                      x.size(1), nullptr, 0);
    }
  }
  return x;
}

Tensor direct_weight_gradient(const Tensor& gradient, const Tensor& pictures, at::IntArrayRef weight_size,
                              const ConvolutionOptions& o) {
  const Tensor y = gradient.contiguous(kDense), x = pictures.contiguous(kDense);
  const Gathering gathering = forward_gathering(x, y, weight_size, o);
  const int64_t in = x.size(1), out = y.size(1), panels = (out + 15) / 16, taps = gathering.taps();
  Tensor sums = at::zeros({taps, in, panels * 16}, x.options().requires_grad(false));
  std::vector<float> columns(static_cast<size_t>(panels * 16 * kDepthAtOnce));
  float* to = sums.data_ptr<float>();
  const int64_t parts = (in + 15) / 16;
  for (int64_t first = 0; first < gathering.total(); first += kDepthAtOnce) {
    const auto chunk = gathering.chunk(first, std::min(first + kDepthAtOnce, gathering.total()));
    const int64_t depth = static_cast<int64_t>(chunk.targets.size());
    const PanelPacking packing{chunk.targets.data(), columns.data(), depth, out};
    LIFTED_CALL_ISA(pack_panels, packing);
    at::parallel_for(0, taps * parts, 1, [&](int64_t begin, int64_t end) {
      alignas(64) float buffer[16 * kDepthAtOnce];
      for (int64_t i = begin; i < end; ++i) {
        const int64_t tap = i / parts, channel = i % parts * 16;
        const GatheredOuterProduct product{.x = chunk.sources.data() + tap * depth,
                                           .channel = channel,
                                           .y = columns.data(),
                                           .sums = to + (tap * in + channel) * panels * 16,
                                           .packed = buffer,
                                           .rows = std::min<int64_t>(16, in - channel),
                                           .depth = depth,
                                           .panels = panels,
                                           .sum_row = panels * 16};
        LIFTED_CALL_ISA(gathered_outer_product, product);
      }
    });
  }
  Tensor result = at::empty(weight_size, x.options().requires_grad(false));
  const SumUnpacking unpacking{to, result.data_ptr<float>(), out, in, taps, panels * 16, static_cast<float>(o.scale)};
  LIFTED_CALL_ISA(unpack_sums, unpacking);
  return result;
}

}  // namespace lifted::ops
