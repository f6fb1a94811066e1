#include <torch/autograd.h>

#include <algorithm>

#include "lifted/base/device.h"
#include "lifted/ops/affine_warp.h"
#include "lifted/ops/backends.h"
#include "lifted/ops/fir_resample.h"
#include "lifted/ops/warp_geometry.h"

namespace lifted::ops {
namespace {
using core::warped_length;

double half(int64_t size) {
  return static_cast<double>(size) / 2;
}

// ---- Bilinear sampling ----

struct BilinearGradient : torch::autograd::Function<BilinearGradient> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& gradient, const Tensor& image,
                        const Tensor& grid) {
    ctx->save_for_backward({grid});
    return std::get<0>(at::grid_sampler_2d_backward(gradient.contiguous(), image, grid, 0, 0, false, {true, false}));
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list gradients);
};

struct Bilinear : torch::autograd::Function<Bilinear> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& image, const Tensor& grid) {
    ctx->save_for_backward({image.detach(), grid});
    return at::grid_sampler_2d(image, grid, 0, 0, false);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = ctx->get_saved_variables();
    return {BilinearGradient::apply(gradients[0], saved[0], saved[1]), Tensor()};
  }
};

/// The gradient is linear in what flows in, and its adjoint is the sampling itself.
torch::autograd::variable_list BilinearGradient::backward(torch::autograd::AutogradContext* ctx,
                                                          torch::autograd::variable_list gradients) {
  return {Bilinear::apply(gradients[0].contiguous(), ctx->get_saved_variables()[0]), Tensor(), Tensor()};
}

// ---- Filtering, by matrices ----

/// size × 2·(3·size − 2): continues a row by its mirror image on both sides and doubles its resolution.
Tensor doubling_matrix(int64_t size, const at::TensorOptions& options) {
  return constant("affine_warp doubling", {static_cast<double>(size)}, options, [&] {
    const auto type = options.device(torch::kCPU);
    const auto mirrored =
        at::reflection_pad2d(torch::eye(size, type).view({1, 1, size, size}), {size - 1, size - 1, 0, 0});
    const auto taps = torch::tensor(sym6_taps()).to(type).unsqueeze(0);
    return fir_resample(mirrored, taps,
                        {.up_x = 2, .pad_x0 = core::kWarpPhaseTaps, .pad_x1 = core::kWarpPhaseTaps - 1})[0][0];
  });
}

/// 2·(size + 2·kWarpMargin) × size: halves a row's resolution and cuts the margins off.
Tensor halving_matrix(int64_t size, const at::TensorOptions& options) {
  return constant("affine_warp halving", {static_cast<double>(size)}, options, [&] {
    const int64_t in = warped_length(size);
    const auto type = options.device(torch::kCPU);
    const auto taps = torch::tensor(sym6_taps()).to(type).flip(0).unsqueeze(0);
    return fir_resample(torch::eye(in, type).view({1, 1, in, in}), taps,
                        {.down_x = 2, .pad_x0 = -1, .pad_x1 = -1})[0][0];
  });
}

/// One window size for a whole batch.
int64_t align_windows(std::vector<core::WarpWindow>& windows, int64_t full) {
  int64_t size = 0;
  for (const auto& window : windows) size = std::max(size, window.size);
  for (auto& window : windows) window = {std::min(window.origin, full - size), size};
  return size;
}

Tensor origins(const std::vector<core::WarpWindow>& windows) {
  std::vector<int64_t> values;
  for (const auto& window : windows) values.push_back(window.origin);
  return torch::tensor(values);
}

/// Each sample's columns of the doubling matrix: B × image size × window size.
Tensor window_matrices(const std::vector<core::WarpWindow>& windows, int64_t image_size,
                       const at::TensorOptions& options) {
  const auto index = origins(windows).unsqueeze(1) + torch::arange(windows[0].size);
  return doubling_matrix(image_size, options)
      .index_select(1, to_device(index.flatten(), options.device()))
      .view({image_size, index.size(0), index.size(1)})
      .permute({1, 0, 2})
      .contiguous();
}

/// Normalized coordinates in every sample's window. The centre of a window is not that of the whole doubled image.
Tensor window_grid(const WarpGeometry& geometry, const Tensor& images) {
  const int64_t height = images.size(2), width = images.size(3);
  const int64_t rows = geometry.rows[0].size, columns = geometry.columns[0].size;
  auto map = geometry.map.clone();
  const auto shift = [&map](int64_t axis, double by, const Tensor& origin) {
    map.select(1, axis).select(1, 2).add_(by - origin.to(torch::kFloat64));
  };
  shift(0, half(doubled_length(width)) - half(columns), origins(geometry.columns));
  shift(1, half(doubled_length(height)) - half(rows), origins(geometry.rows));
  const auto normalized = torch::matmul(torch::matmul(scale_and_shift(1 / half(columns), 1 / half(rows), 0, 0), map),
                                        scale_and_shift(half(warped_length(width)), half(warped_length(height)), 0, 0));
  return at::affine_grid_generator(to_device(normalized.slice(1, 0, 2).to(images.scalar_type()), images.device()),
                                   {images.size(0), images.size(1), warped_length(height), warped_length(width)},
                                   false);
}

}  // namespace

Tensor sample_bilinear(const Tensor& image, const Tensor& grid) {
  return Bilinear::apply(image, grid);
}

Tensor reference::affine_warp(const Tensor& images, const Tensor& inverse) {
  const int64_t batch = images.size(0), channels = images.size(1), height = images.size(2), width = images.size(3);
  auto geometry = find_warp_geometry(inverse, height, width);
  const int64_t rows = align_windows(geometry.rows, doubled_length(height));
  const int64_t columns = align_windows(geometry.columns, doubled_length(width));
  const auto options = images.options();
  const auto tall = torch::matmul(window_matrices(geometry.rows, height, options).transpose(1, 2).unsqueeze(1), images);
  const auto doubled =
      torch::bmm(tall.reshape({batch, channels * rows, width}), window_matrices(geometry.columns, width, options))
          .view({batch, channels, rows, columns});
  const auto warped = sample_bilinear(doubled, window_grid(geometry, images));
  return torch::matmul(halving_matrix(height, options).t(), torch::matmul(warped, halving_matrix(width, options)));
}

}  // namespace lifted::ops
