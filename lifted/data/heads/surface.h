// Deferred shading: visibility first, then the albedo of what is visible.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lifted/data/heads/geometry.h"
#include "lifted/data/heads/materials.h"
#include "lifted/data/heads/rasterizer.h"

namespace lifted::data::heads {

/// Perspective projection onto the supersampled image.
class Projection {
 public:
  Projection(int size, int factor, PixelGrid grid);
  int width() const { return width_; }
  ScreenVertex project(Vec3 camera_point) const;

 private:
  int width_;
  float focal_;
};

/// Surface attributes of the visible points of one material, as separate arrays.
struct SurfacePoints {
  std::vector<int32_t> pixel;
  std::array<std::vector<float>, 5>
      attribute;  ///< skin etc.: x, y, z, occlusion, ear; hair: theta, h, field, cavity, inside (0 or 1)
};

/// Supersampled maps, one entry per sub-pixel.
struct SurfaceMaps {
  int width;
  std::array<std::vector<float>, 3> albedo, normal;
  std::vector<float> depth;              ///< 0 where nothing is
  std::vector<uint8_t> label;            ///< Part
  std::array<SurfacePoints, 10> points;  ///< by Part

  size_t pixels() const { return depth.size(); }
  bool covered(size_t i) const { return label[i] != static_cast<uint8_t>(Part::background); }
};

/// Rasterizes face and hair in one z-buffer; fills depth, normal, label and the points to paint.
SurfaceMaps visible_surface(const FaceModelData& model, const HeadGeometry& geometry, const CameraTransform& camera,
                            const Projection& projection);

/// Points of one part as the painters of skin and eyes take them; `color` is resized to take the albedo.
PaintPoints paint_points(const SurfacePoints& points, std::array<std::vector<float>, 3>& color);

/// Painted color of one part, copied to its pixels.
void scatter(const std::vector<int32_t>& pixel, const std::array<std::vector<float>, 3>& color, SurfaceMaps& maps);

/// Fills the albedo of all covered sub-pixels of a person.
void paint_surface(const FaceModelData& model, const HeadParameters& parameters, const HairField& field,
                   SurfaceMaps& maps);

}  // namespace lifted::data::heads
