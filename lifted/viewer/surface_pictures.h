// Pictures of an estimate's surface: shaded, or what lies behind the shading.
#pragma once

#include <string>

#include "lifted/formats/image.h"
#include "lifted/model/lifted_gan.h"

namespace lifted::viewer {

struct SurfaceView {
  torch::Tensor view;   ///< 1×6 raw
  torch::Tensor light;  ///< 1×4 raw
  int64_t size;         ///< pixels
  uint32_t background;  ///< 0xrrggbb, where nothing is seen
};

/// One of picture_kinds() but "teacher", of one sample. Depth is coloured between the sample's own nearest and farthest
/// canonical value, so that its colours do not change as it turns.
formats::Image surface_picture(const model::LiftedGan& lifted, const model::Estimate& estimate, const std::string& what,
                               const SurfaceView& view);

}  // namespace lifted::viewer
