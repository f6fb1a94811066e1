// Affine maps on a card, but for the launch: what the threads are given and how many there are. `launch(body, count)`
// runs body(0) … body(count − 1); tests do so in a loop.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lifted/base/device.h"
#include "lifted/ops/affine_warp.h"
#include "lifted/ops/backends.h"
#include "lifted/ops/cuda/affine_warp_body.h"
#include "lifted/ops/warp_geometry.h"

namespace lifted::ops::cuda {

inline Axis axis_of(int64_t length, int64_t inner) {
  return {core::divisor_of(inner), core::divisor_of(length)};
}

/// What a batch's threads share.
struct WarpBatch {
  Tensor samples, taps;  // bytes of WarpSample; 12
  int64_t channels = 0, height = 0, width = 0;
  int64_t rows = 0, columns = 0;  // of the largest windows

  const WarpSample* sample_data() const { return reinterpret_cast<const WarpSample*>(samples.data_ptr<uint8_t>()); }
  WarpPlanes planes() const {
    return {sample_data(), core::divisor_of(channels),  rows,
            columns,       core::warped_length(height), core::warped_length(width)};
  }
};

inline WarpSample warp_sample(const WarpGeometry& geometry, int64_t i, int64_t height, int64_t width) {
  WarpSample sample = {};
  std::ranges::copy(window_map(geometry, i, height, width), sample.map);
  const double *m = sample.map, area = m[0] * m[4] - m[1] * m[3];
  const double back[4] = {m[4] / area, -m[1] / area, -m[3] / area, m[0] / area};  // not finite without an area
  std::ranges::copy(back, sample.back);
  sample.window[kColumns] = geometry.columns[static_cast<size_t>(i)];
  sample.window[kRows] = geometry.rows[static_cast<size_t>(i)];
  return sample;
}

inline WarpBatch warp_batch(const Tensor& images, const Tensor& inverse) {
  WarpBatch batch;
  batch.channels = images.size(1), batch.height = images.size(2), batch.width = images.size(3);
  const WarpGeometry geometry = find_warp_geometry(inverse, batch.height, batch.width);
  auto bytes = at::empty({images.size(0) * static_cast<int64_t>(sizeof(WarpSample))}, at::kByte);
  for (int64_t i = 0; i < images.size(0); ++i) {
    const WarpSample sample = warp_sample(geometry, i, batch.height, batch.width);
    std::memcpy(bytes.data_ptr<uint8_t>() + i * static_cast<int64_t>(sizeof(sample)), &sample, sizeof(sample));
    batch.rows = std::max(batch.rows, sample.window[kRows].size);
    batch.columns = std::max(batch.columns, sample.window[kColumns].size);
  }
  batch.samples = to_device(bytes, images.device());
  const std::vector<double> taps(sym6_taps().begin(), sym6_taps().end());
  batch.taps = constant(taps, {core::kWarpTaps}, images.options());
  return batch;
}

inline Tensor floats_like(const Tensor& images, at::IntArrayRef sizes) {
  return at::empty(sizes, images.options());
}

template <typename Launch>
Tensor warped_images(const Launch& launch, const WarpBatch& w, const Tensor& images) {
  const int64_t planes = images.size(0) * w.channels, channels = w.channels;
  const float* taps = w.taps.data_ptr<float>();
  const int64_t warped_rows = core::warped_length(w.height), warped_columns = core::warped_length(w.width);
  const auto tall = floats_like(images, {planes, w.rows, w.width}),
             doubled = floats_like(images, {planes, w.rows, w.columns});
  launch(DoubleThread{images.data_ptr<float>(), w.sample_data(), taps, tall.data_ptr<float>(), axis_of(w.rows, w.width),
                      core::divisor_of(channels), w.height, kRows},
         tall.numel());
  launch(DoubleThread{tall.data_ptr<float>(), w.sample_data(), taps, doubled.data_ptr<float>(), axis_of(w.columns, 1),
                      core::divisor_of(channels * w.rows), w.width, kColumns},
         doubled.numel());
  const auto warped = floats_like(images, {planes, warped_rows, warped_columns}),
             narrow = floats_like(images, {planes, warped_rows, w.width});
  launch(SampleThread{w.planes(), doubled.data_ptr<float>(), warped.data_ptr<float>(),
                      axis_of(warped_rows, warped_columns)},
         warped.numel());
  launch(HalveThread{warped.data_ptr<float>(), taps, narrow.data_ptr<float>(), axis_of(w.width, 1)}, narrow.numel());
  auto out = floats_like(images, images.sizes());
  launch(HalveThread{narrow.data_ptr<float>(), taps, out.data_ptr<float>(), axis_of(w.height, w.width)}, out.numel());
  return out;
}

template <typename Launch>
Tensor warped_adjoint(const Launch& launch, const WarpBatch& w, const Tensor& gradient) {
  const int64_t planes = gradient.size(0) * w.channels, channels = w.channels;
  const float* taps = w.taps.data_ptr<float>();
  const int64_t warped_rows = core::warped_length(w.height), warped_columns = core::warped_length(w.width);
  const auto narrow = floats_like(gradient, {planes, warped_rows, w.width}),
             warped = floats_like(gradient, {planes, warped_rows, warped_columns});
  launch(HalveAdjointThread{gradient.data_ptr<float>(), taps, narrow.data_ptr<float>(), axis_of(warped_rows, w.width),
                            w.height},
         narrow.numel());
  launch(
      HalveAdjointThread{narrow.data_ptr<float>(), taps, warped.data_ptr<float>(), axis_of(warped_columns, 1), w.width},
      warped.numel());
  const auto doubled = floats_like(gradient, {planes, w.rows, w.columns}),
             tall = floats_like(gradient, {planes, w.rows, w.width});
  launch(
      SampleAdjointThread{w.planes(), warped.data_ptr<float>(), doubled.data_ptr<float>(), axis_of(w.rows, w.columns)},
      doubled.numel());
  launch(DoubleAdjointThread{doubled.data_ptr<float>(), w.sample_data(), taps, tall.data_ptr<float>(),
                             axis_of(w.width, 1), core::divisor_of(channels * w.rows), w.columns, kColumns},
         tall.numel());
  auto out = floats_like(gradient, gradient.sizes());
  launch(DoubleAdjointThread{tall.data_ptr<float>(), w.sample_data(), taps, out.data_ptr<float>(),
                             axis_of(w.height, w.width), core::divisor_of(channels), w.rows, kRows},
         out.numel());
  return out;
}

/// images: fp32, contiguous; inverse: B×3×3, fp64, on the CPU.
template <typename Launch>
Tensor affine_warp(const Launch& launch, const Tensor& images, const Tensor& inverse, bool adjoint) {
  if (images.numel() == 0) return at::empty_like(images);
  const WarpBatch batch = warp_batch(images, inverse);
  return adjoint ? warped_adjoint(launch, batch, images) : warped_images(launch, batch, images);
}

}  // namespace lifted::ops::cuda
