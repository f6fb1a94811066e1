// Pictures larger or smaller than the depth map they show.
#pragma once

#include "lifted/scene/renderer.h"

namespace lifted::scene {

/// The scene (as render_lit takes it) drawn at size×size pixels. At the renderer's own size this is render_lit. Larger
/// pictures are drawn from interpolated depth and texture (shaded at their own size, so that no light changes), with
/// sharp outlines; smaller ones average the picture and take the nearest depth. Error unless 4 ≤ size ≤ 4096.
RenderedMesh draw_at(const Renderer& renderer, const LitScene& scene, int64_t size);

}  // namespace lifted::scene
