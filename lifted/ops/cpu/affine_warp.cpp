#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "lifted/ops/affine_warp.h"
#include "lifted/ops/backends.h"
#include "lifted/ops/cpu/affine_warp_kernel.h"
#include "lifted/ops/warp_geometry.h"

namespace lifted::ops {

Tensor cpu::affine_warp(const Tensor& images, const Tensor& inverse, bool adjoint) {
  const int64_t channels = images.size(1), height = images.size(2), width = images.size(3);
  const WarpGeometry geometry = find_warp_geometry(inverse, height, width);
  auto out = at::empty(images.sizes(), images.options());
  at::parallel_for(0, images.size(0) * channels, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> scratch;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t sample = i / channels;
      WarpPlane plane;
      plane.in = images.data_ptr<float>() + i * height * width;
      plane.out = out.data_ptr<float>() + i * height * width;
      plane.height = height, plane.width = width;
      plane.columns = geometry.columns[static_cast<size_t>(sample)];
      plane.rows = geometry.rows[static_cast<size_t>(sample)];
      plane.taps = sym6_taps().data();
      std::ranges::copy(window_map(geometry, sample, height, width), plane.map);
      scratch.resize(std::max(scratch.size(), static_cast<size_t>(warp_scratch_size(plane))));
      plane.scratch = scratch.data();
      if (adjoint) {
        LIFTED_CALL_ISA(warp_plane_adjoint, plane);
      } else {
        LIFTED_CALL_ISA(warp_plane, plane);
      }
    }
  });
  return out;
}

}  // namespace lifted::ops
