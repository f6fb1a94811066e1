#include "lifted/data/heads/rasterizer.h"

namespace lifted::data::heads {

void rasterize_into(VisibilityBuffer& buffer, const std::vector<ScreenVertex>& vertices,
                    const std::vector<Triangle>& triangles, int32_t first_id) {
  LIFTED_CALL_ISA(rasterize,
                  RasterJob{vertices.data(), triangles.data(), static_cast<int64_t>(triangles.size()), first_id,
                            buffer.width, buffer.height, buffer.inverse_z.data(), buffer.triangle.data()});
}

}  // namespace lifted::data::heads
