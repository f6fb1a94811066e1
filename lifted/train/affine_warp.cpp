#include "lifted/train/affine_warp.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lifted/ops/fir_resample.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr int64_t kTaps = 12;
/// Pixels by which the warped image is larger than the result on every side: what the last filter consumes.
constexpr int64_t kMargin = kTaps / 4;

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

// ---- Resampling along one axis, as matrices: fast for small images, differentiable, and the same on every device ----

/// size × 2·(3·size − 2): continues a row by its mirror image on both sides and doubles its resolution.
Tensor doubling_matrix(int64_t size, const at::TensorOptions& options) {
  const auto mirrored =
      at::reflection_pad2d(torch::eye(size, options).view({1, 1, size, size}), {size - 1, size - 1, 0, 0});
  const auto taps = torch::tensor(sym6_taps()).to(options).unsqueeze(0);
  return ops::fir_resample(mirrored, taps, {.up_x = 2, .pad_x0 = kTaps / 2, .pad_x1 = kTaps / 2 - 1})[0][0];
}

/// 2·(size + 2·kMargin) × size: halves a row's resolution and cuts the margins off.
Tensor halving_matrix(int64_t size, const at::TensorOptions& options) {
  const int64_t in = 2 * (size + 2 * kMargin);
  const auto taps = torch::tensor(sym6_taps()).to(options).flip(0).unsqueeze(0);
  return ops::fir_resample(torch::eye(in, options).view({1, 1, in, in}), taps,
                           {.down_x = 2, .pad_x0 = -1, .pad_x1 = -1})[0][0];
}

/// The stretch of the doubled, mirrored row that a sample's output reaches: `origin` per sample, one size for all.
struct Windows {
  std::vector<int64_t> origin;
  int64_t size = 0;
  int64_t full = 0;  // of the whole doubled row
};

/// low, high: first and last coordinate reached, from the centre of the doubled row, per sample.
Windows find_windows(const Tensor& low, const Tensor& high, int64_t image_size) {
  Windows windows;
  windows.full = 2 * (3 * image_size - 2);
  const double center = static_cast<double>(windows.full - 1) / 2, last = static_cast<double>(windows.full - 1);
  for (int64_t i = 0; i < low.size(0); ++i) {
    // One pixel more on each side than exact arithmetic needs.
    const double begin = std::clamp(std::floor(low[i].item<double>() + center) - 1, 0.0, last);
    const double end = std::clamp(std::floor(high[i].item<double>() + center) + 2, 0.0, last);
    windows.origin.push_back(static_cast<int64_t>(begin));
    windows.size = std::max(windows.size, static_cast<int64_t>(end - begin) + 1);
  }
  for (auto& origin : windows.origin) origin = std::min(origin, windows.full - windows.size);
  return windows;
}

/// Each sample's columns of the doubling matrix: B × image size × window size.
Tensor window_matrices(const Windows& windows, int64_t image_size, const at::TensorOptions& options) {
  const auto index = torch::tensor(windows.origin).unsqueeze(1) + torch::arange(windows.size);
  return doubling_matrix(image_size, options)
      .index_select(1, index.flatten().to(options.device()))
      .view({image_size, static_cast<int64_t>(windows.origin.size()), windows.size})
      .permute({1, 0, 2})
      .contiguous();
}

// ---- Coordinates ----

Tensor scale_and_shift(double scale_x, double scale_y, double shift_x, double shift_y) {
  return torch::tensor({scale_x, 0.0, shift_x, 0.0, scale_y, shift_y, 0.0, 0.0, 1.0}, torch::kFloat64).view({3, 3});
}

double half(int64_t size) {
  return static_cast<double>(size) / 2;
}

/// Shifts every sample's map by what lies between the centre of the whole doubled image and that of its window.
Tensor relative_to_windows(const Tensor& map, const Windows& columns, const Windows& rows) {
  const auto shift = [](const Windows& w) {
    return half(w.full) - half(w.size) - torch::tensor(w.origin).to(torch::kFloat64);
  };
  auto moved = map.clone();
  moved.select(1, 0).select(1, 2).add_(shift(columns));
  moved.select(1, 1).select(1, 2).add_(shift(rows));
  return moved;
}

Tensor warp(const Tensor& images, const Tensor& inverse) {
  const int64_t batch = images.size(0), channels = images.size(1), height = images.size(2), width = images.size(3);
  const int64_t out_height = 2 * (height + 2 * kMargin), out_width = 2 * (width + 2 * kMargin);
  // Between doubled images, from their centres. Pixel i of an image lies on pixel 2i of its doubled version, half a
  // doubled pixel before where the centres of both would put it.
  const auto map =
      torch::matmul(torch::matmul(scale_and_shift(2, 2, -0.5, -0.5), inverse), scale_and_shift(0.5, 0.5, 0.25, 0.25));
  const double cx = half(out_width - 1), cy = half(out_height - 1);
  const auto corners =
      torch::tensor({-cx, cx, cx, -cx, -cy, -cy, cy, cy, 1.0, 1.0, 1.0, 1.0}, torch::kFloat64).view({3, 4});
  const auto reached = torch::matmul(map, corners);
  const auto low = reached.amin(2), high = reached.amax(2);
  const auto columns = find_windows(low.select(1, 0), high.select(1, 0), width);
  const auto rows = find_windows(low.select(1, 1), high.select(1, 1), height);

  const auto tall = torch::matmul(window_matrices(rows, height, images.options()).transpose(1, 2).unsqueeze(1), images);
  const auto doubled =
      torch::bmm(tall.reshape({batch, channels * rows.size, width}), window_matrices(columns, width, images.options()))
          .view({batch, channels, rows.size, columns.size});

  const auto normalized =
      torch::matmul(torch::matmul(scale_and_shift(1 / half(columns.size), 1 / half(rows.size), 0, 0),
                                  relative_to_windows(map, columns, rows)),
                    scale_and_shift(half(out_width), half(out_height), 0, 0));
  const auto grid = at::affine_grid_generator(normalized.slice(1, 0, 2).to(images.options()),
                                              {batch, channels, out_height, out_width}, false);
  const auto narrow = torch::matmul(sample_bilinear(doubled, grid), halving_matrix(width, images.options()));
  return torch::matmul(halving_matrix(height, images.options()).t(), narrow);
}

}  // namespace

const std::vector<float>& sym6_taps() {
  static const std::vector<float> taps = {0.015404109327027373f, 0.0034907120842174702f, -0.11799011114819057f,
                                          -0.048311742585633f,   0.4910559419267466f,    0.787641141030194f,
                                          0.3379294217276218f,   -0.07263752278646252f,  -0.021060292512300564f,
                                          0.04472490177066578f,  0.0017677118642428036f, -0.007800708325034148f};
  return taps;
}

Tensor sample_bilinear(const Tensor& image, const Tensor& grid) {
  return Bilinear::apply(image, grid);
}

Tensor apply_affine(const Tensor& images, const Tensor& inverse) {
  TORCH_CHECK(images.dim() == 4, "apply_affine: images must be B×C×H×W, got ", images.sizes());
  TORCH_CHECK(inverse.sizes() == at::IntArrayRef({images.size(0), 3, 3}), "apply_affine: images ", images.sizes(),
              " need matrices of shape [", images.size(0), ", 3, 3], got ", inverse.sizes());
  const auto matrices = inverse.detach().to(torch::kCPU, torch::kFloat64);
  TORCH_CHECK(matrices.isfinite().all().item<bool>(), "apply_affine: a matrix has elements that are not finite");

  const auto moved = matrices.ne(torch::eye(3, torch::kFloat64)).flatten(1).any(1).nonzero().flatten();
  if (moved.size(0) == 0) return images;
  if (moved.size(0) == images.size(0)) return warp(images, matrices);
  const auto index = moved.to(images.device());
  return images.index_copy(0, index, warp(images.index_select(0, index), matrices.index_select(0, moved)));
}

}  // namespace lifted::train
