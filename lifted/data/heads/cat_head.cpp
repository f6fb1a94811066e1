// A cat's mesh and paint in one image: traits, expression, fur that stands out, crop.
#include <algorithm>
#include <cmath>

#include "lifted/data/heads/cat_fur.h"
#include "lifted/data/heads/cat_model.h"
#include "lifted/data/heads/cat_paint.h"
#include "lifted/data/heads/cat_template.h"
#include "lifted/data/heads/head.h"

namespace lifted::data::heads {
namespace {

/// Where the head lies in its crop: eyes a little above the middle, ears and chin inside, as in portraits of cats.
Placement place_cat(const FaceModelData& model, const Positions& vertices, double zoom) {
  double top = -1e9, wide = 0;
  for (int i = 0; i < model.skin_vertices; ++i) {
    const Vec3 p = vertices[i];
    top = std::max<double>(top, p.y);
    if (p.y > -3 && p.z > -2.5f) wide = std::max<double>(wide, std::abs(p.x));
  }
  const auto at = [&](int slot) { return vertices[model.landmarks[slot]]; };
  const Vec3 eyes = (at(36) + at(39) + at(42) + at(45)) * 0.25f, mouth = (at(48) + at(54)) * 0.5f;
  const double chin = at(8).y, side = std::max({(top - eyes.y) / 0.43, (eyes.y - chin) / 0.40, 2 * wide / 0.92});
  const double scale = 2 * tan_half_fov * zoom / side;
  Placement placement;
  placement.scale = scale;
  placement.eye_mouth = length(eyes - mouth);
  placement.pivot = {0, eyes.y - 0.035 * side, eyes.z - 0.22 * side};
  placement.face = {0, -scale * (0.5 * (eyes.y + mouth.y) - placement.pivot[1]),
                    -scale * (0.5 * (eyes.z + mouth.z) - placement.pivot[2])};
  return placement;
}

/// How far the fur reaches at a template position, share of its length.
float fur_reach(Vec3 p, float ear) {
  const float ax = std::abs(p.x);
  const float bare = gaussian2(ax - cat::eye_x, p.y, 1.25f, 1.0f) + gaussian2(ax, p.y + 1.4f, 0.9f, 0.7f);
  const float face = smoothstep(1.2f, 3.4f, p.z) * smoothstep(-4, -3, p.y);
  const float reach = 1 - 0.75f * face - 0.6f * clamp01(bare) * smoothstep(1, 2, p.z);
  return max_of(reach, 0) * (1 - ear) + 0.12f * ear;
}

class CatHead : public Head {
 public:
  CatHead(const FaceModel& model, const HeadParameters& parameters)
      : model_(model), cat_(*parameters.cat), image_(parameters.image) {}
  HeadGeometry geometry() const override;
  void paint(SurfaceMaps& maps) const override;

 private:
  void raise_fur(Positions& vertices) const;

  const FaceModel& model_;
  const CatParameters& cat_;
  const ImageParameters& image_;
};

HeadGeometry CatHead::geometry() const {
  HeadGeometry geometry;
  geometry.vertices = model_.identity_vertices(cat_.shape);
  geometry.placement = place_cat(model_.data(), geometry.vertices, image_.zoom);
  model_.add_expression(image_.expression, geometry.vertices);
  raise_fur(geometry.vertices);
  geometry.normals = vertex_normals(geometry.vertices, model_.data().triangles);
  return geometry;
}

/// Fur as bumps along the normal, in locks that lie away from the nose; ruffs hang from the cheeks.
void CatHead::raise_fur(Positions& vertices) const {
  const FaceModelData& model = model_.data();
  const Positions normals = vertex_normals(vertices, model.triangles);
  for (int i = 0; i < model.skin_vertices; ++i) {
    const Vec3 p = model.neutral[i];
    const cat::FurPoint fur = cat::fur_point(p.x, p.y, p.z);
    const float coarse = cat::strands(fur, 9, cat_.noise_seed + 1), fine = cat::strands(fur, 21, cat_.noise_seed + 2);
    const float lock = 0.55f + 0.35f * coarse + 0.28f * fine;
    const float ruff = cat_.fur.ruff * gaussian2(p.y + 2.2f, p.z - 0.4f, 1.4f, 1.6f) *
                       smoothstep(2.4f, 3.6f, std::abs(p.x)) * (1 - model.ear[i]);
    const float reach = fur_reach(p, model.ear[i]) * cat_.fur.length;
    const Vec3 hang{p.x > 0 ? 0.5f : -0.5f, -0.55f, 0};
    vertices[i] = vertices[i] + normals[i] * (reach * lock) + hang * (ruff * (0.75f + 0.5f * coarse + 0.4f * fine));
  }
}

void CatHead::paint(SurfaceMaps& maps) const {
  const float yaw = image_.gaze_yaw, pitch = image_.gaze_pitch;
  const CatPaint paint{&cat_, {sine(yaw) * cosine(pitch), sine(pitch), cosine(yaw) * cosine(pitch)}};
  std::array<std::vector<float>, 3> color;
  for (size_t part = 0; part < maps.points.size(); ++part) {
    const SurfacePoints& points = maps.points[part];
    if (points.pixel.empty()) continue;
    const PaintPoints p = paint_points(points, color);
    if (static_cast<Part>(part) == Part::eyeball)
      LIFTED_CALL_ISA(paint_cat_eyes, paint, p);
    else
      LIFTED_CALL_ISA(paint_cat_fur, paint, p);
    scatter(points.pixel, color, maps);
  }
}

}  // namespace

std::unique_ptr<Head> make_cat_head(const FaceModel& model, const HeadParameters& parameters) {
  return std::make_unique<CatHead>(model, parameters);
}

}  // namespace lifted::data::heads
