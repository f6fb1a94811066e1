#include <ATen/Parallel.h>

#include <algorithm>

#include "lifted/ops/backends.h"
#include "lifted/ops/core/counter_normal.h"

namespace lifted::ops {

void cpu::counter_normal(const Tensor& out, uint64_t key, uint64_t block) {
  float* const numbers = out.data_ptr<float>();
  const int64_t count = out.numel();
  at::parallel_for(0, (count + 3) / 4, 1 << 12, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const core::FourNormals normals = core::counter_normals(key, block + static_cast<uint64_t>(i));
      std::copy_n(normals.value, std::min<int64_t>(4, count - 4 * i), numbers + 4 * i);
    }
  });
}

}  // namespace lifted::ops
