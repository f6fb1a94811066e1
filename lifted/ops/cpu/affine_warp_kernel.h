// One plane of affine_warp and of its adjoint, free of torch.
#pragma once

#include <cstdint>

#include "lifted/ops/core/affine_warp.h"
#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {
using core::WarpWindow;

struct WarpPlane {
  const float* in = nullptr;  // height×width
  float* out = nullptr;       // height×width, overwritten
  int64_t height = 0, width = 0;
  WarpWindow columns = {}, rows = {};
  const float* taps = nullptr;  // the twelve of sym6
  /// From (column, row) of the warped image at twice the resolution, of 2·(width + 6) × 2·(height + 6) pixels, to those
  /// of the window, counted from 1: (x, y) = (map[0]·c + map[1]·r + map[2], map[3]·c + map[4]·r + map[5]).
  double map[6] = {};
  float* scratch = nullptr;  // warp_scratch_size(*this) elements
};

/// The doubled window with a border of zeros (one before, two after), the same before its rows were doubled, the warped
/// image before its columns are halved, and lines.
inline int64_t warp_scratch_size(const WarpPlane& p) {
  return (p.rows.size + 3) * (p.columns.size + 3) + p.rows.size * p.width + 2 * (p.height + 6) * p.width +
         3 * (p.columns.size + 16) + 2 * (p.width + 6);
}

LIFTED_DECLARE_ISA(void warp_plane(const WarpPlane& plane); void warp_plane_adjoint(const WarpPlane& plane);)

}  // namespace lifted::ops
