#include "lifted/train/affine_warp.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "lifted/base/device.h"
#include "lifted/ops/fir_resample.h"
#include "lifted/train/affine_warp_kernel.h"

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

// ---- Coordinates ----

Tensor scale_and_shift(double scale_x, double scale_y, double shift_x, double shift_y) {
  return torch::tensor({scale_x, 0.0, shift_x, 0.0, scale_y, shift_y, 0.0, 0.0, 1.0}, torch::kFloat64).view({3, 3});
}

double half(int64_t size) {
  return static_cast<double>(size) / 2;
}

/// Size of the warped image at twice the resolution, with its margins.
int64_t warped_size(int64_t size) {
  return 2 * (size + 2 * kMargin);
}

/// What the maps of a batch reach in the doubled, mirrored images, and the maps in units of doubled pixels.
struct Geometry {
  Tensor map;  // B×3×3, float64: from the warped image at twice the resolution to the doubled one, from their centres
  std::vector<WarpWindow> columns, rows;  // per sample
};

/// Size of a row of `size` pixels, mirrored on both sides and doubled.
int64_t doubled_size(int64_t size) {
  return 2 * (3 * size - 2);
}

/// low, high: first and last coordinate reached, from the centre of the doubled row, per sample.
std::vector<WarpWindow> find_windows(const Tensor& low, const Tensor& high, int64_t image_size) {
  std::vector<WarpWindow> windows;
  const double center = half(doubled_size(image_size) - 1), last = 2 * center;
  for (int64_t i = 0; i < low.size(0); ++i) {
    // One pixel more on each side than exact arithmetic needs, and even.
    const double begin = std::clamp(std::floor(low[i].item<double>() + center) - 1, 0.0, last);
    const double end = std::clamp(std::floor(high[i].item<double>() + center) + 2, 0.0, last);
    const int64_t origin = static_cast<int64_t>(begin) / 2 * 2;
    windows.push_back({origin, (static_cast<int64_t>(end) - origin) / 2 * 2 + 2});
  }
  return windows;
}

Geometry find_geometry(const Tensor& inverse, int64_t height, int64_t width) {
  Geometry geometry;
  // Pixel i of an image lies on pixel 2i of its doubled version, half a doubled pixel before where the centres of both
  // would put it.
  geometry.map =
      torch::matmul(torch::matmul(scale_and_shift(2, 2, -0.5, -0.5), inverse), scale_and_shift(0.5, 0.5, 0.25, 0.25));
  const double cx = half(warped_size(width) - 1), cy = half(warped_size(height) - 1);
  const auto corners =
      torch::tensor({-cx, cx, cx, -cx, -cy, -cy, cy, cy, 1.0, 1.0, 1.0, 1.0}, torch::kFloat64).view({3, 4});
  const auto reached = torch::matmul(geometry.map, corners);
  const auto low = reached.amin(2), high = reached.amax(2);
  geometry.columns = find_windows(low.select(1, 0), high.select(1, 0), width);
  geometry.rows = find_windows(low.select(1, 1), high.select(1, 1), height);
  return geometry;
}

// ---- On a CPU, in float32: plane by plane ----

void warp_planes(const Tensor& in, const Geometry& geometry, bool adjoint, const Tensor& out) {
  const int64_t channels = in.size(1), height = in.size(2), width = in.size(3);
  const auto maps = geometry.map.accessor<double, 3>();
  at::parallel_for(0, in.size(0) * channels, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> scratch;
    for (int64_t i = begin; i < end; ++i) {
      const auto sample = static_cast<size_t>(i / channels);
      WarpPlane plane;
      plane.in = in.data_ptr<float>() + i * height * width;
      plane.out = out.data_ptr<float>() + i * height * width;
      plane.height = height, plane.width = width;
      plane.columns = geometry.columns[sample], plane.rows = geometry.rows[sample];
      plane.taps = sym6_taps().data();
      const double full[2] = {half(doubled_size(width) - 1), half(doubled_size(height) - 1)};
      const auto origin_x = static_cast<double>(plane.columns.origin),
                 origin_y = static_cast<double>(plane.rows.origin);
      const double origin[2] = {origin_x, origin_y};
      for (int64_t axis = 0; axis < 2; ++axis) {
        const auto row = maps[i / channels][axis];
        plane.map[3 * axis] = row[0], plane.map[3 * axis + 1] = row[1];
        plane.map[3 * axis + 2] = row[2] - row[0] * half(warped_size(width) - 1) -
                                  row[1] * half(warped_size(height) - 1) + full[axis] - origin[axis] + 1;
      }
      scratch.resize(std::max(scratch.size(), static_cast<size_t>(warp_scratch_size(plane))));
      plane.scratch = scratch.data();
      if (adjoint) {
        LIFTED_CALL_ISA(warp_plane_adjoint, plane);
      } else {
        LIFTED_CALL_ISA(warp_plane, plane);
      }
    }
  });
}

/// The warp is linear in the images: its derivative is its adjoint, and the adjoint's is the warp.
struct PlaneWarp : torch::autograd::Function<PlaneWarp> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& images, const Tensor& inverse,
                        bool adjoint) {
    ctx->save_for_backward({inverse});
    ctx->saved_data["adjoint"] = adjoint;
    auto out = torch::empty(images.sizes(), images.options().memory_format(at::MemoryFormat::Contiguous));
    warp_planes(images.contiguous(), find_geometry(inverse, images.size(2), images.size(3)), adjoint, out);
    return out;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list gradients) {
    return {PlaneWarp::apply(gradients[0], ctx->get_saved_variables()[0], !ctx->saved_data["adjoint"].toBool()),
            Tensor(), Tensor()};
  }
};

// ---- Elsewhere: composed of torch's operations, filtering by matrices ----

/// size × 2·(3·size − 2): continues a row by its mirror image on both sides and doubles its resolution.
Tensor doubling_matrix(int64_t size, const at::TensorOptions& options) {
  return constant("affine_warp doubling", {static_cast<double>(size)}, options, [&] {
    const auto type = options.device(torch::kCPU);
    const auto mirrored =
        at::reflection_pad2d(torch::eye(size, type).view({1, 1, size, size}), {size - 1, size - 1, 0, 0});
    const auto taps = torch::tensor(sym6_taps()).to(type).unsqueeze(0);
    return ops::fir_resample(mirrored, taps, {.up_x = 2, .pad_x0 = kTaps / 2, .pad_x1 = kTaps / 2 - 1})[0][0];
  });
}

/// 2·(size + 2·kMargin) × size: halves a row's resolution and cuts the margins off.
Tensor halving_matrix(int64_t size, const at::TensorOptions& options) {
  return constant("affine_warp halving", {static_cast<double>(size)}, options, [&] {
    const int64_t in = warped_size(size);
    const auto type = options.device(torch::kCPU);
    const auto taps = torch::tensor(sym6_taps()).to(type).flip(0).unsqueeze(0);
    return ops::fir_resample(torch::eye(in, type).view({1, 1, in, in}), taps,
                             {.down_x = 2, .pad_x0 = -1, .pad_x1 = -1})[0][0];
  });
}

/// One window size for a whole batch.
int64_t align_windows(std::vector<WarpWindow>& windows, int64_t full) {
  int64_t size = 0;
  for (const auto& window : windows) size = std::max(size, window.size);
  for (auto& window : windows) window = {std::min(window.origin, full - size), size};
  return size;
}

Tensor origins(const std::vector<WarpWindow>& windows) {
  std::vector<int64_t> values;
  for (const auto& window : windows) values.push_back(window.origin);
  return torch::tensor(values);
}

/// Each sample's columns of the doubling matrix: B × image size × window size.
Tensor window_matrices(const std::vector<WarpWindow>& windows, int64_t image_size, const at::TensorOptions& options) {
  const auto index = origins(windows).unsqueeze(1) + torch::arange(windows[0].size);
  return doubling_matrix(image_size, options)
      .index_select(1, to_device(index.flatten(), options.device()))
      .view({image_size, index.size(0), index.size(1)})
      .permute({1, 0, 2})
      .contiguous();
}

/// Normalized coordinates in every sample's window. The centre of a window is not that of the whole doubled image.
Tensor window_grid(const Geometry& geometry, const Tensor& images) {
  const int64_t height = images.size(2), width = images.size(3);
  const int64_t rows = geometry.rows[0].size, columns = geometry.columns[0].size;
  auto map = geometry.map.clone();
  const auto shift = [&map](int64_t axis, double by, const Tensor& origin) {
    map.select(1, axis).select(1, 2).add_(by - origin.to(torch::kFloat64));
  };
  shift(0, half(doubled_size(width)) - half(columns), origins(geometry.columns));
  shift(1, half(doubled_size(height)) - half(rows), origins(geometry.rows));
  const auto normalized = torch::matmul(torch::matmul(scale_and_shift(1 / half(columns), 1 / half(rows), 0, 0), map),
                                        scale_and_shift(half(warped_size(width)), half(warped_size(height)), 0, 0));
  return at::affine_grid_generator(to_device(normalized.slice(1, 0, 2).to(images.scalar_type()), images.device()),
                                   {images.size(0), images.size(1), warped_size(height), warped_size(width)}, false);
}

Tensor composed_warp(const Tensor& images, const Tensor& inverse) {
  const int64_t batch = images.size(0), channels = images.size(1), height = images.size(2), width = images.size(3);
  auto geometry = find_geometry(inverse, height, width);
  const int64_t rows = align_windows(geometry.rows, doubled_size(height));
  const int64_t columns = align_windows(geometry.columns, doubled_size(width));
  const auto options = images.options();
  const auto tall = torch::matmul(window_matrices(geometry.rows, height, options).transpose(1, 2).unsqueeze(1), images);
  const auto doubled =
      torch::bmm(tall.reshape({batch, channels * rows, width}), window_matrices(geometry.columns, width, options))
          .view({batch, channels, rows, columns});
  const auto warped = sample_bilinear(doubled, window_grid(geometry, images));
  return torch::matmul(halving_matrix(height, options).t(), torch::matmul(warped, halving_matrix(width, options)));
}

Tensor warp(const Tensor& images, const Tensor& inverse) {
  const bool planes = images.is_cpu() && images.scalar_type() == torch::kFloat32;
  return planes ? PlaneWarp::apply(images, inverse, false) : composed_warp(images, inverse);
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
  const auto index = to_device(moved, images.device());
  return images.index_copy(0, index, warp(images.index_select(0, index), matrices.index_select(0, moved)));
}

}  // namespace lifted::train
