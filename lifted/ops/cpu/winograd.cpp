#include "lifted/ops/cpu/winograd.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <memory>

#include "lifted/ops/cpu/panel_product_kernel.h"
#include "lifted/ops/cpu/winograd_transform_kernel.h"

namespace lifted::ops {
namespace {
using torch::Tensor;

constexpr int64_t kTile = kWinogradTile, kPositions = (kTile + 2) * (kTile + 2);
constexpr int64_t kSmallestSide = 8;
// Transformed tiles of one step stay in a second-level cache's reach; weights are read again for every step.
constexpr int64_t kStepFloats = 400'000, kFewestTiles = 48, kMostTiles = 192;

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

/// Tiles of all pictures, and how many are transformed at a time.
struct Tiling {
  int64_t rows, columns, total, step;
  Tiling(int64_t batch, int64_t height, int64_t width, int64_t channels)
      : rows((height + kTile - 1) / kTile), columns((width + kTile - 1) / kTile), total(batch * rows * columns) {
    step = std::clamp(kStepFloats / (kPositions * channels) / 24 * 24, kFewestTiles, kMostTiles);
    const int64_t share = (total + at::get_num_threads() - 1) / at::get_num_threads();
    step = std::min(step, (share + 5) / 6 * 6);
  }
  int64_t steps() const { return (total + step - 1) / step; }
  WinogradTiles tiles(int64_t first, float* transformed, int64_t channels) const {
    return {rows, columns, first, std::min(step, total - first), transformed, step * channels, channels};
  }
};

/// Strides of out×in×3×3 weights, with the roles of in and out exchanged for the input's gradient.
WinogradWeights weights_of(const Tensor& weight, bool for_input_gradient) {
  const bool swapped = for_input_gradient;
  return {.in = weight.size(swapped ? 0 : 1),
          .out = weight.size(swapped ? 1 : 0),
          .out_stride = weight.stride(swapped ? 1 : 0),
          .in_stride = weight.stride(swapped ? 0 : 1),
          .tap_stride = weight.stride(3),
          .turned = swapped,
          .first_panel = 0,
          .panels = weight.size(swapped ? 1 : 0) / 16};
}

/// Weights whose three rows follow one another.
Tensor with_even_taps(const Tensor& weight) {
  return weight.stride(2) == 3 * weight.stride(3) ? weight : weight.contiguous();
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

Buffer transformed_weights(const Tensor& weight, const WinogradWeights& weights) {
  Buffer to = buffer_of(kPositions * weights.in * weights.out);
  const float* from = weight.data_ptr<float>();
  for_panels(weights, [&](const WinogradWeights& part) {
    const WinogradWeightTransform params{part, from, to.get()};
    LIFTED_CALL_ISA(winograd_weights, params);
  });
  return to;
}

Tensor convolve(const Tensor& pictures, const Tensor& filters, bool input_gradient, const Tensor& bias,
                int64_t padding) {
  const Tensor x = dense(pictures), weight = with_even_taps(filters);
  const WinogradWeights weights = weights_of(weight, input_gradient);
  const int64_t in = weights.in, out = weights.out;
  Tensor y = empty_pictures(x, out, x.size(2) + 2 * padding - 2, x.size(3) + 2 * padding - 2);
  const Buffer u = transformed_weights(weight, weights);
  const Tiling tiling(y.size(0), y.size(2), y.size(3), in + out);
  const Tensor added = bias.defined() ? bias.contiguous() : bias;
  const float* from = x.data_ptr<float>();
  const float* offsets = bias.defined() ? added.data_ptr<float>() : nullptr;
  float* to = y.data_ptr<float>();
  at::parallel_for(0, tiling.steps(), 1, [&](int64_t begin, int64_t end) {
    const Buffer v = buffer_of(kPositions * tiling.step * in), products = buffer_of(kPositions * tiling.step * out);
    for (int64_t first = begin * tiling.step; first < std::min(end * tiling.step, tiling.total); first += tiling.step) {
      const WinogradInput input{tiling.tiles(first, v.get(), in), from, x.size(2), x.size(3), padding};
      LIFTED_CALL_ISA(winograd_input, input);
      for (int64_t position = 0; position < kPositions; ++position) {
        const PanelProduct product{.a = v.get() + position * tiling.step * in,
                                   .b = u.get() + position * in * out,
                                   .c = products.get() + position * tiling.step * out,
                                   .rows = input.tiles.count,
                                   .depth = in,
                                   .panels = out / 16,
                                   .a_row = in,
                                   .a_k = 1,
                                   .b_panel = in * 16,
                                   .b_k = 16,
                                   .c_row = out,
                                   .accumulate = false};
        LIFTED_CALL_ISA(panel_product, product);
      }
      const WinogradOutput output{tiling.tiles(first, products.get(), out), to, y.size(2), y.size(3), offsets};
      LIFTED_CALL_ISA(winograd_output, output);
    }
  });
  return y;
}

/// The transformed tiles of one step from `pictures`, by all threads.
template <typename Transform>
void transform_step(const WinogradTiles& step, const Transform& transform) {
  at::parallel_for(0, step.count, 8, [&](int64_t begin, int64_t end) {
    WinogradTiles part = step;
    part.first += begin;
    part.count = end - begin;
    part.transformed += begin * step.channels;
    transform(part);
  });
}

}  // namespace

bool winograd_takes(int64_t in, int64_t out, int64_t side) {
  return isa_level() != IsaLevel::baseline && in % 16 == 0 && out % 16 == 0 && in > 0 && out > 0 &&
         side >= kSmallestSide;
}

Tensor winograd_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t padding) {
  return convolve(x, weight, false, bias, padding);
}

Tensor winograd_input_gradient(const Tensor& y, const Tensor& weight, int64_t padding) {
  return convolve(y, weight, true, {}, 2 - padding);
}

Tensor winograd_weight_gradient(const Tensor& gradient, const Tensor& pictures, int64_t padding) {
  const Tensor x = dense(pictures), y = dense(gradient);
  const int64_t in = x.size(1), out = y.size(1);
  Tiling tiling(y.size(0), y.size(2), y.size(3), in + out);
  tiling.step = std::min(kMostTiles, tiling.total);  // the sums are read and written once a step
  const Buffer v = buffer_of(kPositions * tiling.step * in), w = buffer_of(kPositions * tiling.step * out),
               sums = buffer_of(kPositions * in * out);
  const float *from = x.data_ptr<float>(), *outer = y.data_ptr<float>();
  for (int64_t first = 0; first < tiling.total; first += tiling.step) {
    const WinogradTiles inner = tiling.tiles(first, v.get(), in);
    transform_step(inner, [&](const WinogradTiles& tiles) {
      const WinogradInput input{tiles, from, x.size(2), x.size(3), padding};
      LIFTED_CALL_ISA(winograd_input, input);
    });
    transform_step(tiling.tiles(first, w.get(), out), [&](const WinogradTiles& tiles) {
      const WinogradOutputAdjoint output{tiles, outer, y.size(2), y.size(3)};
      LIFTED_CALL_ISA(winograd_output_adjoint, output);
    });
    at::parallel_for(0, kPositions, 1, [&](int64_t begin, int64_t end) {
      for (int64_t position = begin; position < end; ++position) {
        const PanelProduct product{.a = v.get() + position * tiling.step * in,
                                   .b = w.get() + position * tiling.step * out,
                                   .c = sums.get() + position * in * out,
                                   .rows = in,
                                   .depth = inner.count,
                                   .panels = out / 16,
                                   .a_row = 1,
                                   .a_k = in,
                                   .b_panel = 16,
                                   .b_k = out,
                                   .c_row = out,
                                   .accumulate = first > 0};
        LIFTED_CALL_ISA(panel_product, product);
      }
    });
  }
  Tensor result = at::empty({out, in, 3, 3}, x.options().requires_grad(false));
  float* to = result.data_ptr<float>();
  for_panels(weights_of(result, false), [&](const WinogradWeights& part) {
    const WinogradWeightAdjoint params{part, sums.get(), to};
    LIFTED_CALL_ISA(winograd_weights_adjoint, params);
  });
  return result;
}

}  // namespace lifted::ops
