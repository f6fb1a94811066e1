// Skin of face and neck, layer by layer: pigment, marks, wrinkles, lips, lids, brows, beard, occlusion, hair roots,
// shirt.
#include <algorithm>

#include "lifted/data/heads/beard.h"
#include "lifted/data/heads/head_polar.h"
#include "lifted/data/heads/lid_distance.h"
#include "lifted/data/heads/materials.h"
#include "lifted/data/heads/noise.h"

namespace lifted::data::heads::LIFTED_ISA {
namespace {

/// One block of points and its color so far.
class SkinBlock {
 public:
  SkinBlock(const Paint& paint, const PaintPoints& points, int start);
  void paint_all();

 private:
  void over(const float* alpha, Color color);
  void multiply(const float* factor);
  bool any_in_box(float x_max, float y_min, float y_max, float z_min) const;

  void pigment();
  void freckles();
  void moles();
  void wrinkles();
  void wrinkle_lines();
  void polyline_wrinkle(const float (&xs)[4], const float (&ys)[4], float amount, float sigma);
  void lips();
  void lids();
  void brows();
  void beard();
  void occlusion();
  void hair_roots();
  void shirt();

  const Paint& paint_;
  const IdentityParameters& person_;
  const SkinParameters& skin_;
  const uint32_t seed_;
  int count_;
  const float *x_, *y_, *z_, *occlusion_, *ear_;
  float *r_, *g_, *b_;
  float front_[paint_block], lip_[paint_block];
};

SkinBlock::SkinBlock(const Paint& paint, const PaintPoints& p, int start)
    : paint_(paint),
      person_(*paint.person),
      skin_(paint.person->skin),
      seed_(paint.person->noise_seed),
      count_(std::min(paint_block, p.count - start)),
      x_(p.x + start),
      y_(p.y + start),
      z_(p.z + start),
      occlusion_(p.occlusion + start),
      ear_(p.ear + start),
      r_(p.red + start),
      g_(p.green + start),
      b_(p.blue + start) {
  for (int i = 0; i < count_; ++i) front_[i] = smoothstep(2, 6, z_[i]);
}

void SkinBlock::paint_all() {
  pigment();
  if (skin_.freckles > 0) freckles();
  const bool mouth = any_in_box(3, -5, -2, 8);
  for (int i = 0; i < count_; ++i) lip_[i] = -1;
  if (mouth)
    for (int i = 0; i < count_; ++i) lip_[i] = lip_distance(*paint_.curves, x_[i], y_[i], z_[i]);
  moles();
  if (skin_.wrinkles > 0.08f) wrinkles();
  if (mouth) lips();
  if (any_in_box(6, 1.5f, 6, 7)) lids();
  if (any_in_box(7, 3, 8.5f, 5)) brows();
  if (person_.beard.style != Beard::none && any_in_box(9, -10, 4, 0)) beard();
  occlusion();
  hair_roots();
  shirt();
}

void SkinBlock::over(const float* alpha, Color color) {
  for (int i = 0; i < count_; ++i) {
    const float a = clamp01(alpha[i]);
    r_[i] = mix(r_[i], color.x, a), g_[i] = mix(g_[i], color.y, a), b_[i] = mix(b_[i], color.z, a);
  }
}

void SkinBlock::multiply(const float* factor) {
  for (int i = 0; i < count_; ++i) r_[i] *= factor[i], g_[i] *= factor[i], b_[i] *= factor[i];
}

/// Whether a point of the block may lie where a layer paints; layers are local and most blocks miss them.
bool SkinBlock::any_in_box(float x_max, float y_min, float y_max, float z_min) const {
  int any = 0;
  for (int i = 0; i < count_; ++i)
    any |= (absolute(x_[i]) < x_max) & (y_[i] > y_min) & (y_[i] < y_max) & (z_[i] > z_min);
  return any != 0;
}

void SkinBlock::pigment() {
  float broad[paint_block], fine[paint_block];
  for (int i = 0; i < count_; ++i) broad[i] = fractal_noise(0.28f * x_[i], 0.28f * y_[i], 0.28f * z_[i], seed_);
  for (int i = 0; i < count_; ++i)
    fine[i] = fractal_noise(0.9f * x_[i] + 31, 0.9f * y_[i] + 31, 0.9f * z_[i] + 31, seed_ + 7);
  for (int i = 0; i < count_; ++i) {
    const float ax = absolute(x_[i]), y = y_[i], z = z_[i], front = front_[i], ao = occlusion_[i];
    float m = skin_.melanin * (1 + skin_.blotch * broad[i]) + 0.02f * fine[i] * (1 + skin_.melanin);
    float h = skin_.hemoglobin * (1 + 0.35f * fine[i]) + 0.12f * broad[i];
    h += skin_.cheek * gaussian2(ax - 4.7f, y + 0.4f, 2.0f, 1.9f) * front;
    h += 0.45f * skin_.cheek * gaussian2(ax, y - 0.3f, 1.5f, 1.5f) * smoothstep(10, 11.5f, z) +
         0.3f * skin_.cheek * ear_[i];
    h += 0.12f * gaussian2(ax, y + 6.6f, 1.6f, 1) * front - 0.15f * gaussian2(ax, y - 8.5f, 4, 2.4f) * front;
    const float under = gaussian2(ax - 3.0f, y - 2.15f, 1.25f, 0.42f) * smoothstep(7, 8.5f, z);
    m += 0.30f * skin_.under_eye * under;
    h += 0.5f * skin_.under_eye * under + (ao > 0.15f ? 0.35f * (1 - ao) : 0.0f);
    const Color c = skin_color(clamp(m, 0, 2.9f), clamp(h, 0, 2.2f));
    r_[i] = c.x, g_[i] = c.y, b_[i] = c.z;
  }
}

void SkinBlock::freckles() {
  float alpha[paint_block];
  for (int i = 0; i < count_; ++i) {
    const WorleyPoint dot = worley_noise(x_[i] / 0.42f, y_[i] / 0.42f, z_[i] / 0.42f, seed_ + 11);
    const float spot = smoothstep(0.30f * dot.value + 0.10f, 0.30f * dot.value - 0.02f, dot.distance);
    alpha[i] = skin_.freckles * spot * (0.25f + gaussian2(absolute(x_[i]) - 2.6f, y_[i] - 0.4f, 3, 1.9f)) * front_[i];
  }
  over(alpha, skin_color(skin_.melanin + 0.45f, skin_.hemoglobin + 0.35f));
}

void SkinBlock::moles() {
  float alpha[paint_block];
  for (size_t k = 0; k < skin_.moles.size(); ++k) {
    const Vec3 center = paint_.moles.data()[k];
    const float radius = skin_.moles.data()[k].radius;
    for (int i = 0; i < count_; ++i) {
      const float d = square_root(square(x_[i] - center.x) + square(y_[i] - center.y) + square(z_[i] - center.z));
      alpha[i] = lip_[i] < -0.15f ? 0.8f * smoothstep(radius, 0.5f * radius, d) : 0.0f;
    }
    over(alpha, skin_color(min_of(skin_.melanin + 1.3f, 2.8f), 0.4f));
  }
}

void SkinBlock::polyline_wrinkle(const float (&xs)[4], const float (&ys)[4], float amount, float sigma) {
  float factor[paint_block];
  for (int i = 0; i < count_; ++i) {
    const float ax = absolute(x_[i]), y = y_[i];
    float nearest = 1e9f;
    for (int s = 0; s < 3; ++s) {
      const float dx = xs[s + 1] - xs[s], dy = ys[s + 1] - ys[s], px = ax - xs[s], py = y - ys[s];
      const float t = clamp01((px * dx + py * dy) / (dx * dx + dy * dy));
      nearest = min_of(nearest, square(px - t * dx) + square(py - t * dy));
    }
    factor[i] = 1 - amount * skin_.wrinkles * exponential(-nearest / (sigma * sigma)) * front_[i];
  }
  multiply(factor);
}

void SkinBlock::wrinkle_lines() {
  float factor[paint_block];
  for (float height : {7.6f, 8.7f, 9.7f}) {
    for (int i = 0; i < count_; ++i) {
      const float x = x_[i], line = height + 0.25f * value_noise(0.35f * x, height, 0, seed_ + 21) - 0.015f * x * x;
      factor[i] =
          1 - 0.16f * skin_.wrinkles * gaussian1(y_[i] - line, 0.13f) * smoothstep(5, 3, absolute(x)) * front_[i];
    }
    multiply(factor);
  }
  for (int i = 0; i < count_; ++i) {
    const float y = y_[i],
                frown = gaussian1(absolute(x_[i]) - 0.55f, 0.12f) * smoothstep(4.4f, 5, y) * smoothstep(6.6f, 6, y);
    factor[i] = 1 - 0.14f * skin_.wrinkles * frown * front_[i];
  }
  multiply(factor);
}

void SkinBlock::wrinkles() {
  if (any_in_box(5.5f, -5, 0.5f, 2))
    polyline_wrinkle({1.75f, 2.5f, 3.0f, 3.25f}, {-.6f, -1.6f, -2.6f, -3.5f}, 0.20f, 0.28f);
  if (any_in_box(5.5f, 1, 4, 2)) polyline_wrinkle({1.9f, 2.6f, 3.5f, 4.2f}, {2.5f, 2.05f, 2.0f, 2.35f}, 0.16f, 0.15f);
  if (any_in_box(6, 4, 11, 2)) wrinkle_lines();
}

void SkinBlock::lips() {
  const Color tone = skin_color(0.8f * skin_.melanin + skin_.lip_melanin, skin_.hemoglobin + skin_.lip_hemoglobin);
  const Color stick = skin_.lipstick_color * (1 - 0.16f * min_of(skin_.melanin, 2));
  for (int i = 0; i < count_; ++i) {
    const float relief = (1 - 0.12f * smoothstep(-3.5f, -3.2f, y_[i])) *
                         (1 + 0.07f * value_noise(7 * x_[i], 1.2f * y_[i], 0, seed_ + 31));
    const float a = smoothstep(-0.10f, 0.12f, lip_[i]), s = skin_.lipstick;
    r_[i] = mix(r_[i], mix(tone.x * relief, stick.x, s), a);
    g_[i] = mix(g_[i], mix(tone.y * relief, stick.y, s), a);
    b_[i] = mix(b_[i], mix(tone.z * relief, stick.z, s), a);
  }
}

void SkinBlock::lids() {
  EyeRegion region;
  for (int i = 0; i < count_; ++i) {
    if (!(y_[i] > 1.5f && y_[i] < 6 && z_[i] > 7 && absolute(x_[i]) < 6)) continue;
    const int k = region.count++;
    region.index[k] = i, region.x[k] = x_[i], region.y[k] = y_[i], region.z[k] = z_[i];
  }
  float upper[paint_block], lower[paint_block], alpha[paint_block];
  lid_distance(paint_.upper_lids, region, count_, upper);
  lid_distance(paint_.lower_lids, region, count_, lower);
  const EyeParameters& eyes = person_.eyes;
  if (eyes.shadow > 0) {
    for (int i = 0; i < count_; ++i)
      alpha[i] = eyes.shadow * gaussian1(upper[i], 0.55f) * smoothstep(3.3f, 3.7f, y_[i]);
    over(alpha, mix(eyes.shadow_color, skin_color(skin_.melanin, skin_.hemoglobin), 0.4f));
  }
  for (int i = 0; i < count_; ++i) alpha[i] = 0.35f * gaussian1(min_of(upper[i], lower[i]), 0.12f);
  over(alpha, skin_color(skin_.melanin + 0.3f, skin_.hemoglobin + 0.9f));
  const Color lash = mix(Color{.05f, .04f, .04f}, person_.brows.color, 0.25f);
  for (int i = 0; i < count_; ++i) alpha[i] = 1.1f * eyes.lash * smoothstep(0.17f, 0.05f, upper[i]);
  over(alpha, lash);
  for (int i = 0; i < count_; ++i) alpha[i] = eyes.lower_lash * smoothstep(0.13f, 0.04f, lower[i]);
  over(alpha, lash);
}

void SkinBlock::brows() {
  constexpr float along[] = {0, .1f, .3f, .6f, .85f, 1}, half_height[] = {.70f, 1, 1.08f, .9f, .55f, .12f};
  const BrowParameters& brow = person_.brows;
  float coarse[paint_block], fine[paint_block], alpha[paint_block];
  for (int i = 0; i < count_; ++i) {
    const float x = x_[i], ax = absolute(x), y = y_[i], side = x > 0 ? 1.0f : -1.0f;
    coarse[i] = value_noise(2.6f * ax - 1.5f * y, 1.2f * y + 0.8f * ax, 3 * side, seed_ + 41);
    fine[i] = value_noise(7 * ax - 5 * y, 2.5f * y + 2 * ax, 5 * side, seed_ + 42);
  }
  for (int i = 0; i < count_; ++i) {
    const float ax = absolute(x_[i]), bx = clamp(ax, brow.inner - 0.4f, brow.outer + 0.2f);
    const float center = curve_at(paint_.curves->brow, bx) + brow.height + brow.arch * gaussian1(bx - 4.1f, 1.2f) -
                         0.10f * smoothstep(2.2f, 1.1f, bx);
    const float u = clamp01((ax - brow.inner) / (brow.outer - brow.inner));
    const float half = brow.thickness * interpolate(u, along, half_height);
    const float d = absolute(y_[i] - center) / max_of(half * (1 + 0.18f * coarse[i]), 0.02f);
    const float inside = smoothstep(1.25f, 0.55f, d) *
                         smoothstep(brow.inner - 0.30f, brow.inner + 0.35f, ax + 0.15f * fine[i]) *
                         smoothstep(brow.outer + 0.12f, brow.outer - 0.35f, ax);
    alpha[i] = z_[i] > 5 ? brow.opacity * inside * (1 + 0.30f * fine[i]) : 0.0f;
  }
  over(alpha, brow.color);
}

void SkinBlock::beard() {
  const BeardParameters& beard = person_.beard;
  const Color hair = person_.hair.color;
  const bool short_hair = beard.style == Beard::shadow || beard.style == Beard::stubble;
  const Color color =
      short_hair ? mix(Color{.13f, .12f, .125f}, hair * 0.6f, 0.5f) : mix(hair, Color{.10f, .08f, .075f}, 0.35f);
  const float relief = short_hair ? 0.0f : 1.0f;
  float coarse[paint_block], fine[paint_block];
  for (int i = 0; i < count_; ++i) coarse[i] = value_noise(3.2f * x_[i], 1.2f * y_[i], 3.2f * z_[i], seed_ + 51);
  for (int i = 0; i < count_; ++i) fine[i] = value_noise(6.5f * x_[i], 2.5f * y_[i], 6.5f * z_[i], seed_ + 52);
  const Beard style = beard.style;
  for (int i = 0; i < count_; ++i) {
    const float mask = beard_mask(style, beard.shift, x_[i], y_[i], z_[i]) * smoothstep(0.06f, -0.14f, lip_[i]);
    const float alpha = clamp(beard.opacity * mask * (1 + 0.18f * coarse[i] + 0.15f * fine[i]), 0, 0.97f);
    const float k = 1 + relief * (0.30f * coarse[i] + 0.15f * fine[i]);
    r_[i] = mix(r_[i], color.x * k, alpha), g_[i] = mix(g_[i], color.y * k, alpha),
    b_[i] = mix(b_[i], color.z * k, alpha);
  }
}

/// Creases darken, red least: occluded skin turns warm.
void SkinBlock::occlusion() {
  for (int i = 0; i < count_; ++i) {
    const float open = max_of(exponential(skin_.cavity * logarithm(clamp(occlusion_[i], 1e-6f, 1))), 0.06f);
    const float k = logarithm(open);
    r_[i] *= exponential(0.55f * k), g_[i] *= exponential(0.9f * k), b_[i] *= open;
  }
}

void SkinBlock::hair_roots() {
  float theta[paint_block], h[paint_block], c[paint_block], s[paint_block], scalp[paint_block], loose[paint_block];
  float alpha[paint_block], factor[paint_block];
  for (int i = 0; i < count_; ++i) {
    const HeadPolar polar = head_polar(x_[i], y_[i], z_[i]);
    theta[i] = polar.theta, h[i] = polar.h;
    const float inverse = 1 / max_of(square_root(x_[i] * x_[i] + z_[i] * z_[i]), 1e-6f);
    c[i] = z_[i] * inverse, s[i] = x_[i] * inverse;
  }
  evaluate_hair_field(*paint_.hair_field, {count_, theta, c, s, h}, {scalp, loose});
  const Color hair = person_.hair.color;
  const bool bald = person_.hair.style == HairStyle::bald;
  const float strength = person_.hair.style == HairStyle::buzz ? 0.85f : 0.75f;
  for (int i = 0; i < count_; ++i) {
    const float field = max_of(scalp[i], loose[i]) - 9 * smoothstep(0.15f, 0.6f, ear_[i]);
    const float grain = value_noise(36 * c[i], 36 * s[i], 0.9f * h[i], seed_ + 61);
    alpha[i] = bald ? 0.22f * smoothstep(-0.5f, 1.2f, field + 0.4f * grain)
                    : strength * smoothstep(-0.55f, 0.35f, field + 0.3f * grain);
    factor[i] = bald ? 1.0f : 1 - 0.22f * smoothstep(-1.8f, 0.1f, field) * (1 - alpha[i]);
  }
  over(alpha, bald ? mix(hair, Color{.25f, .22f, .22f}, 0.5f) : hair);
  multiply(factor);
}

void SkinBlock::shirt() {
  float alpha[paint_block], factor[paint_block];
  for (int i = 0; i < count_; ++i) {
    const float d = above_collar(y_[i], z_[i], paint_.cloth_height);
    alpha[i] = smoothstep(0.03f, -0.03f, d);
    factor[i] = 1 - 0.30f * gaussian1(max_of(d, 0), 0.35f) * (1 - alpha[i]);
  }
  over(alpha, paint_.cloth);
  multiply(factor);
}

}  // namespace

void paint_skin(const Paint& paint, const PaintPoints& points) {
  for (int start = 0; start < points.count; start += paint_block) SkinBlock(paint, points, start).paint_all();
}

}  // namespace lifted::data::heads::LIFTED_ISA
