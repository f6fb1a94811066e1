// A cat's fur and bare skin, layer by layer: coat, pale places, white, strands, ears, lids, nose, mouth, occlusion.
#include <algorithm>

#include "lifted/data/heads/cat_coat.h"
#include "lifted/data/heads/cat_fur.h"
#include "lifted/data/heads/cat_paint.h"

namespace lifted::data::heads::LIFTED_ISA {
namespace {

/// One point, its color so far, and what several layers ask about it.
struct Spot {
  Vec3 p;
  float ax, occlusion, ear, coarse, fine, strand;
  Color color;
};

class Coat {
 public:
  explicit Coat(const CatPaint& paint) : cat_(*paint.cat), coat_(paint.cat->coat), seed_(paint.cat->noise_seed) {}
  Color at(Vec3 p, float occlusion, float ear) const;

 private:
  float marks(const Spot& s) const;
  Color pattern(const Spot& s) const;
  void whiten(Spot& s) const;
  void strands(Spot& s) const;
  void ear(Spot& s) const;
  void lids(Spot& s) const;
  void nose(Spot& s) const;
  void mouth(Spot& s) const;

  const CatParameters& cat_;
  const CatCoat& coat_;
  const uint32_t seed_;
};

Color Coat::at(Vec3 p, float occlusion, float ear_weight) const {
  Spot s{p, absolute(p.x), occlusion, ear_weight, 0, 0, 0, {}};
  s.coarse = fractal_noise(0.8f * p.x, 0.8f * p.y, 0.8f * p.z, seed_ + 11);
  s.fine = value_noise(3.1f * p.x, 3.1f * p.y, 3.1f * p.z, seed_ + 12);
  const cat::FurPoint fur = cat::fur_point(p.x, p.y, p.z);
  s.strand = 0.6f * cat::strands(fur, 24, seed_ + 13) + 0.4f * cat::strands(fur, 55, seed_ + 14);
  s.color = pattern(s);
  whiten(s);
  strands(s);
  if (s.ear > 0.1f) ear(s);
  if (p.z > 1 && s.ear < 0.1f) {
    lids(s);
    nose(s);
    mouth(s);
  }
  const float open = power(clamp(occlusion, 0.02f, 1), 0.75f), dark = 0.25f + 0.75f * open;
  return s.color * dark;
}

/// How dark the pattern is here.
float Coat::marks(const Spot& s) const {
  const float wobble = s.coarse + 0.5f * s.fine;
  const bool classic = coat_.pattern == CatPattern::classic, ticked = coat_.pattern == CatPattern::ticked;
  const float width = coat_.stripes * (classic ? 1.35f : 1.0f);
  float m =
      max_of(cat::forehead_marks(s.ax, s.p.y, s.p.z, wobble, width), cat::cheek_marks(s.ax, s.p.y, wobble, width));
  const float body = cat::body_marks(s.ax, s.p.y, s.p.z, classic ? 2 * wobble : wobble, width);
  m = max_of(m, ticked ? 0.2f * body : body);
  const float edge = clamp01(m * (0.95f + 0.25f * s.fine + 0.25f * s.strand));
  return coat_.contrast * edge * (s.ear > 0.1f ? 0.5f : 1.0f);
}

Color Coat::pattern(const Spot& s) const {
  const Vec3 p = s.p;
  const float pale = (1 - s.ear) * cat::pale_places(s.ax, p.y, p.z, cat_.eyes.ring);
  switch (coat_.pattern) {
    case CatPattern::solid:
      return mix(coat_.ground, coat_.pale, 0.25f * pale) * (1 + 0.06f * s.coarse);
    case CatPattern::tortoiseshell: {
      const float k = coat_.patch_scale, field = fractal_noise(k * p.x, k * p.y, k * p.z, seed_ + 21);
      const float side = coat_.split * (smoothstep(-0.3f, 0.3f, p.x + 0.5f * s.coarse) - 0.5f);
      const float red =
          smoothstep(-0.10f, 0.10f, field + side + 0.20f * s.fine + 0.12f * s.strand + coat_.patch - 0.5f);
      return mix(coat_.marking, coat_.red, red);
    }
    case CatPattern::smoke: {
      const float under = smoothstep(-2.8f, -5.2f, p.y) + 0.5f * smoothstep(2.6f, 4.2f, s.ax) + 0.4f * s.strand;
      return mix(coat_.marking, coat_.pale, 0.75f * clamp01(under) * (1 - s.ear));
    }
    case CatPattern::points: {
      const float mask = cat::face_points(p.x, p.y, p.z, coat_.points_extent, s.coarse + 0.4f * s.strand);
      const float amount = max_of(0.9f * mask, smoothstep(0.1f, 0.4f, s.ear) * 0.95f);
      return mix(mix(coat_.ground, coat_.marking, 0.12f * smoothstep(1, 3, p.y)), coat_.marking, amount);
    }
    default: {
      const Color ground = mix(coat_.ground, coat_.pale, 0.85f * pale) * (1 + 0.12f * s.coarse);
      const float bridge = 0.25f * gaussian1(s.ax, 0.5f) * smoothstep(0.6f, -0.4f, p.y) * smoothstep(-1.9f, -1.2f, p.y);
      return mix(mix(ground, coat_.red, bridge), coat_.marking, marks(s) * (1 - 0.6f * pale));
    }
  }
}

void Coat::whiten(Spot& s) const {
  const float order =
      cat::white_order(s.p.x, s.p.y, s.p.z, coat_.white_lean, s.coarse + 0.35f * s.strand) + 0.25f * s.ear;
  s.color = mix(s.color, coat_.white, smoothstep(-0.02f, 0.03f, coat_.white_amount - order));
}

void Coat::strands(Spot& s) const {
  const float k = 1 + cat_.fur.grain * s.strand + 0.5f * cat_.fur.grain * s.fine;
  s.color = s.color * k + Color{1, 1, 1} * (0.035f * cat_.fur.grain * s.strand);
}

/// Bare skin inside, set in from the edge, with pale hair from the inner edge across it.
void Coat::ear(Spot& s) const {
  const cat::EarFrame e = cat::ear_frame();
  const Vec3 q = Vec3{s.ax, s.p.y, s.p.z} - e.root;
  const float v = dot(q, e.up) / e.length;
  const float u = dot(q, e.across) / max_of(e.half_width * cat::ear_taper(v), 0.05f);
  const float inner = smoothstep(0.62f, 0.95f, s.ear);
  const float bare = inner * smoothstep(0.97f, 0.70f, absolute(u) + 0.05f * s.strand) * smoothstep(0.97f, 0.80f, v);
  const float deep = mix(0.62f, 1.05f, smoothstep(0.0f, 0.65f, v)) * (1 - 0.20f * (1 - u * u));
  s.color = mix(s.color, s.color * 0.82f, inner * smoothstep(0.7f, 0.95f, absolute(u)));
  s.color = mix(s.color, cat_.ear_skin * deep, 0.92f * bare);
  const float lock =
      value_noise(9 * u + 2 * v, 2.2f * v, 3, seed_ + 31) + 0.5f * value_noise(21 * u, 3 * v, 5, seed_ + 32);
  const float reach = smoothstep(0.25f, -0.75f, u - 0.35f * lock) * smoothstep(0.85f, 0.45f, v + 0.10f * lock) +
                      0.7f * smoothstep(0.30f, 0.10f, v - 0.10f * lock);
  const Color tuft = mix(coat_.pale, Color{.92f, .90f, .87f}, 0.35f) * (0.90f + 0.14f * lock);
  s.color = mix(s.color, tuft, clamp01(cat_.fur.tufts * inner * reach));
}

/// Dark margins as if lined, and the tear's path from the inner corner.
void Coat::lids(Spot& s) const {
  const float open = cat::eye_opening(s.ax, s.p.y);
  const Color dark = mix(coat_.marking, Color{.07f, .06f, .06f}, 0.75f);
  const float margin = cat_.eyes.rim * smoothstep(-0.17f, -0.05f, open);
  const float tear =
      0.45f * cat_.eyes.rim * gaussian2(s.ax - 0.88f + 0.15f * (s.p.y + 0.5f), s.p.y + 0.48f, 0.10f, 0.26f);
  s.color = mix(s.color, dark, max_of(margin, tear));
  s.color = mix(s.color, Color{.62f, .42f, .38f}, (1 - cat_.eyes.rim) * 0.7f * smoothstep(-0.12f, -0.04f, open));
}

void Coat::nose(Spot& s) const {
  if (s.p.y < -2.2f || s.p.y > -0.8f || s.ax > 0.9f) return;
  const float inside = cat::nose_leather(s.ax, s.p.y);
  const float nostril = gaussian2(s.ax - 0.25f - 0.25f * (s.p.y + 1.62f), s.p.y + 1.60f, 0.11f, 0.085f);
  const float groove = 0.35f * gaussian1(s.ax, 0.035f) * smoothstep(-1.45f, -1.6f, s.p.y);
  const float edge = 0.35f * gaussian1(inside, 0.06f);
  Color c = cat_.nose * (1.05f - 0.14f * (s.p.y + 1.8f)) * (1 + 0.05f * s.fine);
  c = c * (1 - 0.78f * nostril) * (1 - groove) * (1 - edge);
  s.color = mix(s.color, c, smoothstep(-0.04f, 0.04f, inside));
}

/// The inverted Y under the nose, and the whiskers' roots.
void Coat::mouth(Spot& s) const {
  const float y = s.p.y, ax = s.ax;
  if (y < -3.2f || y > -1.6f || ax > 1.6f) return;
  const float stem = gaussian1(ax, 0.050f) * smoothstep(-1.75f, -1.85f, y) * smoothstep(-2.50f, -2.40f, y);
  const float arms = gaussian1(y - cat::mouth_height(ax), 0.060f) * smoothstep(1.30f, 0.55f, ax);
  s.color = mix(s.color, Color{.16f, .10f, .10f}, clamp01(0.55f * stem + 0.80f * arms));
  const float row = sine(26 * (y + 0.12f * ax)), dot = sine(24 * ax + 5 * y);
  const float root = smoothstep(0.45f, 0.9f, row * dot) * gaussian2(ax - 0.78f, y + 2.2f, 0.30f, 0.24f);
  s.color = s.color * (1 - 0.55f * cat_.freckles * root);
}

}  // namespace

void paint_cat_fur(const CatPaint& paint, const PaintPoints& points) {
  const Coat coat(paint);
  for (int i = 0; i < points.count; ++i) {
    const Color c = coat.at({points.x[i], points.y[i], points.z[i]}, points.occlusion[i], points.ear[i]);
    points.red[i] = c.x, points.green[i] = c.y, points.blue[i] = c.z;
  }
}

}  // namespace lifted::data::heads::LIFTED_ISA
