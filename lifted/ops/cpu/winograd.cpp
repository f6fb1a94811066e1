#include "lifted/ops/cpu/winograd.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <memory>

#include "lifted/ops/cpu/panel_product_kernel.h"

namespace lifted::ops {
namespace {
using torch::Tensor;

constexpr int64_t kSmallestSide = 8;
// Transformed tiles of one step stay in a second-level cache's reach; weights are read again for every step.
constexpr int64_t kStepFloats = 400'000, kFewestTiles = 48, kMostTiles = 192;
// Between the positions of a transform, whose distance would else often be a multiple of 4096 bytes: all of them would
// fall on the same few lines of the cache.
constexpr int64_t kGap = 16;

using Buffer = std::unique_ptr<float[]>;
Buffer buffer_of(int64_t floats) {
  return Buffer(new float[static_cast<size_t>(floats)]);
}

Tensor dense(const Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}

Tensor empty_pictures(const Tensor& like, int64_t channels, int64_t height, int64_t width) {
  return at::empty({like.size(0), channels, height, width},
                   like.options().requires_grad(false).memory_format(at::MemoryFormat::ChannelsLast));
}

WinogradPictures places(const Tensor& x) {
  TORCH_CHECK(x.stride(1) == 1, "Winograd convolution: channels must lie innermost");
  return {x.size(2), x.size(3), x.stride(0), x.stride(2), x.stride(3)};
}

struct FormSize {
  int64_t tile_y, tile_x, positions, taps_y, taps_x;
};
FormSize size_of(WinogradForm form) {
  switch (form) {
    case WinogradForm::square3:
      return {4, 4, 36, 3, 3};
    case WinogradForm::square5:
      return {2, 2, 36, 5, 5};
    case WinogradForm::row3:
      return {1, 4, 6, 1, 3};
    case WinogradForm::column3:
      return {4, 1, 6, 3, 1};
    case WinogradForm::row7:
      return {1, 4, 10, 1, 7};
    default:
      return {4, 1, 10, 7, 1};
  }
}

/// Tiles of all pictures, and how many are transformed at a time.
struct Tiling {
  WinogradForm form;
  int64_t positions, rows, columns, total, step;
  /// channels: of what is transformed together.
  Tiling(WinogradForm form_, const Tensor& outer, int64_t channels) : form(form_) {
    const FormSize size = size_of(form);
    positions = size.positions;
    rows = (outer.size(2) + size.tile_y - 1) / size.tile_y;
    columns = (outer.size(3) + size.tile_x - 1) / size.tile_x;
    total = outer.size(0) * rows * columns;
    const int64_t most = kMostTiles * 36 / positions;
    step = std::clamp(kStepFloats / (positions * channels) / 24 * 24, kFewestTiles, most);
    const int64_t share = (total + at::get_num_threads() - 1) / at::get_num_threads();
    step = std::min(step, (share + 5) / 6 * 6);
  }
  int64_t steps() const { return (total + step - 1) / step; }
  int64_t position_stride(int64_t channels) const { return step * channels + kGap; }
  Buffer buffer(int64_t channels) const { return buffer_of(positions * position_stride(channels)); }
  /// Tile by tile, or, with `panels`, sixteen channels of all tiles after sixteen others.
  WinogradTiles tiles(int64_t first, float* transformed, int64_t channels, bool panels = false) const {
    return {.form = form,
            .rows = rows,
            .columns = columns,
            .first = first,
            .count = std::min(step, total - first),
            .transformed = transformed,
            .position_stride = position_stride(channels),
            .panel_stride = panels ? step * 16 : 16,
            .tile_stride = panels ? 16 : channels,
            .channels = channels};
  }
};

/// Strides of out×in×h×w weights, with the roles of in and out exchanged for the input's gradient.
WinogradWeights weights_of(const Tensor& weight, WinogradForm form, bool for_input_gradient, double scale = 1) {
  const bool swapped = for_input_gradient;
  const int64_t in = weight.size(swapped ? 0 : 1), out = weight.size(swapped ? 1 : 0);
  return {.form = form,
          .in = in,
          .out = out,
          .out_stride = weight.stride(swapped ? 1 : 0),
          .in_stride = weight.stride(swapped ? 0 : 1),
          .y_stride = weight.stride(2),
          .x_stride = weight.stride(3),
          .turned = swapped,
          .first_panel = 0,
          .panels = out / 16,
          .position_stride = in * out + kGap,
          .scale = static_cast<float>(scale)};
}

/// f on parts of the panels.
template <typename F>
void for_panels(const WinogradWeights& all, const F& f) {
  at::parallel_for(0, all.panels, 1, [&](int64_t begin, int64_t end) {
    WinogradWeights part = all;
    part.first_panel = begin;
    part.panels = end - begin;
    f(part);
  });
}

void transform_weights(const Tensor& weight, const WinogradWeights& weights, float* to) {
  const float* from = weight.data_ptr<float>();
  for_panels(weights, [&](const WinogradWeights& part) {
    const WinogradWeightTransform params{part, from, to};
    LIFTED_CALL_ISA(winograd_weights, params);
  });
}

struct Filtering {
  const float *weights, *bias;  // transformed
  int64_t in, out, padding_y, padding_x;
  int64_t relu_channels;
};

/// Tiles [first, first + step): transformed to v, multiplied to `products`, and back.
void filter_tiles(const Filtering& f, const Tiling& tiling, int64_t first, const Tensor& x, const Tensor& y, float* v,
                  float* products) {
  const WinogradInput input{tiling.tiles(first, v, f.in), places(x), x.data_ptr<float>(), f.padding_y, f.padding_x};
  LIFTED_CALL_ISA(winograd_input, input);
  for (int64_t position = 0; position < tiling.positions; ++position) {
    const PanelProduct product{.a = v + position * tiling.position_stride(f.in),
                               .b = f.weights + position * (f.in * f.out + kGap),
                               .c = products + position * tiling.position_stride(f.out),
                               .rows = input.tiles.count,
                               .depth = f.in,
                               .panels = f.out / 16,
                               .a_row = f.in,
                               .a_k = 1,
                               .b_panel = f.in * 16,
                               .b_k = 16,
                               .c_row = f.out,
                               .accumulate = false};
    LIFTED_CALL_ISA(panel_product, product);
  }
  const WinogradOutput output{tiling.tiles(first, products, f.out), places(y), y.data_ptr<float>(), f.bias,
                              f.relu_channels};
  LIFTED_CALL_ISA(winograd_output, output);
}

void filter(const Filtering& f, WinogradForm form, const Tensor& x, const Tensor& y) {
  const Tiling tiling(form, y, f.in + f.out);
  at::parallel_for(0, tiling.steps(), 1, [&](int64_t begin, int64_t end) {
    const Buffer v = tiling.buffer(f.in), products = tiling.buffer(f.out);
    for (int64_t step = begin; step < end; ++step) {
      filter_tiles(f, tiling, step * tiling.step, x, y, v.get(), products.get());
    }
  });
}

Tensor convolve(const Tensor& pictures, const Tensor& weight, bool input_gradient, const Tensor& bias, int64_t padding,
                double scale) {
  const Tensor x = dense(pictures), added = bias.defined() ? bias.contiguous() : bias;
  const WinogradWeights weights = weights_of(weight, WinogradForm::square3, input_gradient, scale);
  const Buffer u = buffer_of(36 * weights.position_stride);
  transform_weights(weight, weights, u.get());
  Tensor y = empty_pictures(x, weights.out, x.size(2) + 2 * padding - 2, x.size(3) + 2 * padding - 2);
  const float* offsets = bias.defined() ? added.data_ptr<float>() : nullptr;
  filter({u.get(), offsets, weights.in, weights.out, padding, padding, 0}, WinogradForm::square3, x, y);
  return y;
}

/// The transformed tiles of one step from `pictures`, by all threads.
template <typename Transform>
void transform_step(const WinogradTiles& step, const Transform& transform) {
  at::parallel_for(0, step.count, 8, [&](int64_t begin, int64_t end) {
    WinogradTiles part = step;
    part.first += begin;
    part.count = end - begin;
    part.transformed += begin * step.tile_stride;
    transform(part);
  });
}

/// sums[i][o] (+)= Σ_tile v[i][tile]·w[o][tile] at one position, sixteen i at a time.
void add_products(const WinogradTiles& v, const WinogradTiles& w, int64_t position, float* sums, bool accumulate) {
  for (int64_t i = 0; i < v.channels; i += 16) {
    const PanelProduct product{.a = v.transformed + position * v.position_stride + i / 16 * v.panel_stride,
                               .b = w.transformed + position * w.position_stride,
                               .c = sums + i * w.channels,
                               .rows = 16,
                               .depth = v.count,
                               .panels = w.channels / 16,
                               .a_row = 1,
                               .a_k = 16,
                               .b_panel = w.panel_stride,
                               .b_k = 16,
                               .c_row = w.channels,
                               .accumulate = accumulate};
    LIFTED_CALL_ISA(panel_product, product);
  }
}

}  // namespace

bool winograd_takes(int64_t in, int64_t out, int64_t side) {
  return winograd_form(in, out, 3, 3).has_value() && side >= kSmallestSide;
}

Tensor winograd_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t padding, double scale) {
  return convolve(x, weight, false, bias, padding, scale);
}

Tensor winograd_input_gradient(const Tensor& y, const Tensor& weight, int64_t padding, double scale) {
  return convolve(y, weight, true, {}, 2 - padding, scale);
}

Tensor winograd_weight_gradient(const Tensor& gradient, const Tensor& pictures, int64_t padding, double scale) {
  const Tensor x = dense(pictures), y = dense(gradient);
  const int64_t in = x.size(1), out = y.size(1);
  Tiling tiling(WinogradForm::square3, y, in + out);
  tiling.step = std::min(kMostTiles, tiling.total);  // the sums are read and written once a step
  Tensor result = at::empty({out, in, 3, 3}, x.options().requires_grad(false));
  const WinogradWeights weights = weights_of(result, WinogradForm::square3, false, scale);
  const Buffer v = tiling.buffer(in), w = tiling.buffer(out), sums = buffer_of(36 * weights.position_stride);
  const float *from = x.data_ptr<float>(), *outer = y.data_ptr<float>();
  for (int64_t first = 0; first < tiling.total; first += tiling.step) {
    const WinogradTiles inner_tiles = tiling.tiles(first, v.get(), in, true);
    const WinogradTiles outer_tiles = tiling.tiles(first, w.get(), out, true);
    transform_step(inner_tiles, [&](const WinogradTiles& tiles) {
      const WinogradInput input{tiles, places(x), from, padding, padding};
      LIFTED_CALL_ISA(winograd_input, input);
    });
    transform_step(outer_tiles, [&](const WinogradTiles& tiles) {
      const WinogradOutputAdjoint output{tiles, places(y), outer};
      LIFTED_CALL_ISA(winograd_output_adjoint, output);
    });
    at::parallel_for(0, tiling.positions, 1, [&](int64_t begin, int64_t end) {
      for (int64_t position = begin; position < end; ++position) {
        add_products(inner_tiles, outer_tiles, position, sums.get() + position * weights.position_stride, first > 0);
      }
    });
  }
  float* to = result.data_ptr<float>();
  for_panels(weights, [&](const WinogradWeights& part) {
    const WinogradWeightAdjoint params{part, sums.get(), to};
    LIFTED_CALL_ISA(winograd_weights_adjoint, params);
  });
  return result;
}

std::optional<WinogradForm> winograd_form(int64_t in, int64_t out, int64_t kernel_y, int64_t kernel_x) {
  if (isa_level() == IsaLevel::baseline || in % 16 != 0 || out % 16 != 0 || in <= 0 || out <= 0) return {};
  using enum WinogradForm;
  for (const auto form : {square3, square5, row3, column3, row7, column7}) {
    const FormSize size = size_of(form);
    if (size.taps_y == kernel_y && size.taps_x == kernel_x) return form;
  }
  return {};
}

Tensor pack_winograd(const Tensor& weight, WinogradForm form) {
  const WinogradWeights weights = weights_of(weight, form, false);
  Tensor to = at::empty({size_of(form).positions, weights.position_stride}, weight.options().requires_grad(false));
  transform_weights(weight, weights, to.data_ptr<float>());
  return to;
}

void winograd_conv2d_into(const Tensor& x, const Tensor& packed, WinogradForm form, const Tensor& bias,
                          int64_t padding_y, int64_t padding_x, int64_t relu_channels, const Tensor& y) {
  filter({packed.data_ptr<float>(), bias.defined() ? bias.data_ptr<float>() : nullptr, x.size(1), y.size(1), padding_y,
          padding_x, relu_channels},
         form, x, y);
}

}  // namespace lifted::ops
