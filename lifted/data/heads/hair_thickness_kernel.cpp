#include "lifted/data/heads/hair_shell.h"
#include "lifted/data/heads/head_polar.h"
#include "lifted/data/heads/noise.h"

namespace lifted::data::heads::LIFTED_ISA {
namespace {

struct StyleThickness {
  float top, side, ramp, lump, loose;  // cm; ramp: distance from the hairline to full thickness
};

StyleThickness style_thickness(const HairParameters& hair) {
  constexpr StyleThickness table[] = {{0, 0, 1, 0, 0},
                                      {.45f, .32f, 2.2f, .10f, .3f},
                                      {.20f, .16f, 1.2f, .02f, .2f},
                                      {1.6f, .75f, 2.8f, .26f, .55f},
                                      {2.3f, .6f, 2.8f, .30f, .6f},
                                      {1.7f, 1.2f, 2.8f, .30f, .9f},
                                      {2.2f, 1.7f, 2.6f, .50f, 1.2f},
                                      {1.0f, .6f, 3.2f, .12f, .5f},
                                      {1.5f, 1.15f, 3.0f, .24f, 1.0f},
                                      {1.3f, .8f, 3.0f, .20f, .8f},
                                      {1.6f, 1.3f, 2.8f, .20f, 1.0f},
                                      {.9f, .6f, 3.0f, .12f, .4f},
                                      {3.8f, 3.2f, 3.4f, .55f, 2.2f}};
  StyleThickness style = table[static_cast<int>(hair.style)];
  style.top *= 0.75f + 0.5f * hair.random[11];
  style.side *= 0.8f + 0.4f * hair.random[12];
  style.loose *= 0.8f + 0.4f * hair.random[12];
  return style;
}

bool one_of(HairStyle style, const HairStyle* list, int count) {
  for (int i = 0; i < count; ++i)
    if (list[i] == style) return true;
  return false;
}

/// Full thickness away from all edges, into job.thickness; the large-scale noise into `big`.
void full_thickness(const HairThickness& job, const StyleThickness& style, int i0, int i1) {
  const HairParameters& hair = job.field->hair;
  const HairStyle lopsided[] = {HairStyle::short_cut, HairStyle::quiff,  HairStyle::medium,
                                HairStyle::long_hair, HairStyle::tucked, HairStyle::bob};
  const HairStyle parted[] = {HairStyle::short_cut, HairStyle::medium, HairStyle::long_hair, HairStyle::tucked,
                              HairStyle::slick};
  const float lean = one_of(hair.style, lopsided, 6) ? (hair.part > 0 ? 0.18f : -0.18f) : 0.0f;
  const float groove = one_of(hair.style, parted, 5) && hair.part_weight > 0.35f ? 0.6f : 0.0f;
  const float crest = hair.style == HairStyle::quiff ? 1.6f : 0.0f;
  const PolarPoints& p = job.points;
  for (int i = i0; i < i1; ++i) {
    const float h = p.h[i], theta = p.theta[i], top = smoothstep(-1, 9, h), c = 9 * job.elevation_cosine[i];
    const float big = value_noise(0.22f * c * p.cosine[i], 0.22f * c * p.sine[i], 0.22f * h, hair.seed + 4);
    float t = (style.side + (style.top - style.side) * top) * (1 + 0.28f * big);
    t += crest * gaussian2(h - 9, theta, 2.6f, 0.8f);
    t *= 1 + lean * sine(theta - hair.part) * top;
    t *= 1 - groove * gaussian1(theta - hair.part, 0.06f) * smoothstep(5, 8, h) * smoothstep(15.7f, 13.5f, h);
    job.thickness[i] = t;
    job.cavity[i] = big;
  }
}

/// Relief of curls; `relief` displaces, job.cavity darkens.
void curly_relief(const HairThickness& job, float* relief, int i0, int i1) {
  const HairParameters& hair = job.field->hair;
  const float f = 0.55f * (1.4f + 0.7f * hair.random[14]);
  const PolarPoints& p = job.points;
  for (int i = i0; i < i1; ++i) {
    const float c = 9 * job.elevation_cosine[i], x = f * c * p.cosine[i], y = f * c * p.sine[i], z = f * p.h[i];
    const float n =
        0.55f * value_noise(x, y, z, hair.seed + 5) + 0.45f * value_noise(2.3f * x, 2.3f * y, 2.3f * z, hair.seed + 6);
    relief[i - i0] = job.cavity[i] = n;
  }
}

/// Relief of swept locks.
void lock_relief(const HairThickness& job, float* relief, int i0, int i1) {
  const HairParameters& hair = job.field->hair;
  const float phase = 6 * hair.random[14], slant = 0.12f * (hair.random[15] - 0.5f);
  const PolarPoints& p = job.points;
  for (int i = i0; i < i1; ++i) {
    const float h = p.h[i];
    const float angle = p.theta[i] + 0.12f * sine(0.35f * h + phase) + slant * h + 0.05f * job.cavity[i];
    const float x = 9 * cosine(angle), y = 9 * sine(angle), z = 0.16f * h;
    const float locks = 0.5f * value_noise(0.75f * x, 0.75f * y, 0.75f * z, hair.seed + 5) +
                        0.35f * value_noise(1.8f * x, 1.8f * y, z, hair.seed + 6);
    const float fine = value_noise(3.2f * x, 3.2f * y, 1.2f * z, hair.seed + 7);
    relief[i - i0] = locks + 0.22f * fine;
    job.cavity[i] = locks + 0.35f * fine;
  }
}

/// Thins the shell toward scalp hairlines (a long ramp) and loose edges (a rounded rim), and dives where there is no
/// hair.
void taper(const HairThickness& job, const StyleThickness& style, const float* relief, int i0, int i1) {
  for (int i = i0; i < i1; ++i) {
    const float scalp = job.scalp[i], loose = job.loose[i], m = max_of(scalp, loose), full = job.thickness[i];
    const float ramp = 1 - square(1 - clamp01(scalp / style.ramp));
    const float rim = square_root(1 - square(1 - clamp01(loose)));
    const float hanging = min_of(style.loose + (full - style.loose) * clamp01(loose / 4), max_of(full, style.loose));
    const float t = max_of(full * ramp, hanging * rim) + style.lump * relief[i - i0] * clamp01(m);
    const float inside = max_of(t, 0.03f * clamp01(m / 0.3f)), outside = -0.9f * clamp01(-m / 0.6f);
    job.thickness[i] = m > 0 ? inside : outside;
  }
}

}  // namespace

void hair_thickness(const HairThickness& job) {
  constexpr int block = 256;
  const HairStyle kind = job.field->hair.style;
  const bool curls = kind == HairStyle::curly || kind == HairStyle::afro;
  const StyleThickness style = style_thickness(job.field->hair);
  float relief[block];
  for (int i0 = 0; i0 < job.points.count; i0 += block) {
    const int i1 = i0 + block < job.points.count ? i0 + block : job.points.count;
    full_thickness(job, style, i0, i1);
    curls ? curly_relief(job, relief, i0, i1) : lock_relief(job, relief, i0, i1);
    taper(job, style, relief, i0, i1);
  }
}

}  // namespace lifted::data::heads::LIFTED_ISA
