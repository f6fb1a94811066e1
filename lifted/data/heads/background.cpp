#include "lifted/data/heads/background.h"

namespace lifted::data::heads {

Color background_color(const Background& background, float x, float y) {
  const float along = x * cosine(background.angle) + y * sine(background.angle);
  Color color = mix(background.from, background.to, clamp01(0.5f * along + 0.5f));
  for (const Blob& blob : background.blobs)
    color = color + blob.color * gaussian2(x - blob.x, y - blob.y, blob.radius, blob.radius);
  return {clamp(color.x, 0.01f, 0.99f), clamp(color.y, 0.01f, 0.99f), clamp(color.z, 0.01f, 0.99f)};
}

void paint_background(const Background& background, SurfaceMaps& maps) {
  const float step = 2.0f / static_cast<float>(maps.width);
  for (int row = 0; row < maps.width; ++row)
    for (int column = 0; column < maps.width; ++column) {
      const size_t pixel = static_cast<size_t>(row) * maps.width + column;
      if (maps.covered(pixel)) continue;
      const Color c = background_color(background, (static_cast<float>(column) + 0.5f) * step - 1,
                                       (static_cast<float>(row) + 0.5f) * step - 1);
      maps.albedo[0][pixel] = c.x, maps.albedo[1][pixel] = c.y, maps.albedo[2][pixel] = c.z;
    }
}

}  // namespace lifted::data::heads
