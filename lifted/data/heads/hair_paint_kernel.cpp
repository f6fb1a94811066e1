// Hair: strands along the sweep of the locks, a painted sheen, dark roots and edges.
#include <algorithm>

#include "lifted/data/heads/head_polar.h"
#include "lifted/data/heads/materials.h"
#include "lifted/data/heads/noise.h"

namespace lifted::data::heads::LIFTED_ISA {
namespace {

constexpr int block = 256;

void curls(const HairParameters& hair, const HairPoints& p, int start, int count, float* k) {
  for (int i = 0; i < count; ++i) {
    const float h = p.h[start + i], theta = p.theta[start + i], c = 9 * cosine(max_of(h, 0) / polar_radius);
    const float x = c * cosine(theta), y = c * sine(theta);
    const float n = 0.5f * value_noise(1.9f * x, 1.9f * y, 1.9f * h, hair.seed + 21) +
                    0.5f * value_noise(4.2f * x, 4.2f * y, 4.2f * h, hair.seed + 22);
    k[i] = (1 + 0.30f * n) * (1 + 0.55f * p.cavity[start + i]);
  }
}

void strands(const HairParameters& hair, const HairPoints& p, int start, int count, float* k) {
  const float phase = 6 * hair.random[14], slant = 0.12f * (hair.random[15] - 0.5f);
  const float sheen = brightness(hair.color) < 0.75f ? 0.32f : 0.0f;
  float x[block], y[block], coarse[block], medium[block];
  for (int i = 0; i < count; ++i) {
    const float h = p.h[start + i], theta = p.theta[start + i];
    const float wobble = value_noise(3 * cosine(theta), 3 * sine(theta), 0.25f * h, hair.seed + 25);
    const float angle = theta + 0.12f * sine(0.35f * h + phase) + slant * h + 0.10f * wobble;
    x[i] = 9 * cosine(angle), y[i] = 9 * sine(angle);
  }
  for (int i = 0; i < count; ++i)
    coarse[i] = value_noise(1.3f * x[i], 1.3f * y[i], 0.18f * p.h[start + i], hair.seed + 21);
  for (int i = 0; i < count; ++i)
    medium[i] = value_noise(3.2f * x[i], 3.2f * y[i], 0.30f * p.h[start + i], hair.seed + 22);
  for (int i = 0; i < count; ++i) {
    const float h = p.h[start + i], fine = value_noise(7 * x[i], 7 * y[i], 0.4f * h, hair.seed + 23);
    k[i] = (1 + 0.15f * coarse[i] + 0.20f * medium[i] + 0.16f * fine) * (1 + 0.30f * p.cavity[start + i]);
    k[i] *= 1 + sheen * gaussian1(h - 8.2f - 1.4f * coarse[i], 2.2f) * (0.6f + 0.7f * medium[i]);
  }
}

}  // namespace

void paint_hair(const Paint& paint, const HairPoints& p) {
  const HairParameters& hair = paint.person->hair;
  const bool curly = hair.style == HairStyle::curly || hair.style == HairStyle::afro;
  const bool falls =
      hair.style == HairStyle::long_hair || hair.style == HairStyle::tucked || hair.style == HairStyle::bob;
  const float tips = falls && hair.random[1] < 0.35f ? 0.35f : 0.0f,
              lift = brightness(hair.color) < 0.3f ? 0.02f : 0.0f;
  float k[block];
  for (int start = 0; start < p.count; start += block) {
    const int count = std::min(block, p.count - start);
    curly ? curls(hair, p, start, count, k) : strands(hair, p, start, count, k);
    for (int i = 0; i < count; ++i) {
      const int n = start + i;
      const float edge = 0.60f + 0.40f * smoothstep(-0.2f, 1, p.field[n]);
      const float shade = clamp(k[i] * (1 + tips * smoothstep(2, -8, p.h[n])) * edge, 0.35f, 1.9f);
      p.red[n] = clamp01(hair.color.x * shade + lift);
      p.green[n] = clamp01(hair.color.y * shade + lift);
      p.blue[n] = clamp01(hair.color.z * shade + lift);
    }
  }
}

}  // namespace lifted::data::heads::LIFTED_ISA
