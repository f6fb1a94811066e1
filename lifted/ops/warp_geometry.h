// What the affine maps of a batch reach in its images, mirrored on all sides and doubled (ops/affine_warp.h).
#pragma once

#include <array>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/ops/core/affine_warp.h"

namespace lifted::ops {

struct WarpGeometry {
  torch::Tensor map;  ///< B×3×3, float64, CPU: from the warped image at twice the resolution to the doubled one, from
                      ///< their centres
  std::vector<core::WarpWindow> columns, rows;  ///< per sample
};

/// inverse: B×3×3, float64, on the CPU.
WarpGeometry find_warp_geometry(const torch::Tensor& inverse, int64_t height, int64_t width);

/// From (column, row) of a sample's warped image to those of its window, counted from 1: (m[0]·c + m[1]·r + m[2],
/// m[3]·c + m[4]·r + m[5]).
std::array<double, 6> window_map(const WarpGeometry& geometry, int64_t sample, int64_t height, int64_t width);

/// 3×3, float64: (x, y) ↦ scale·(x, y) + shift.
torch::Tensor scale_and_shift(double scale_x, double scale_y, double shift_x, double shift_y);

/// Length of a row of `size` pixels, mirrored on both sides and doubled.
int64_t doubled_length(int64_t size);

}  // namespace lifted::ops
