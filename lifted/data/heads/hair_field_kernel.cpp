#include <algorithm>

#include "lifted/data/heads/hair_field.h"
#include "lifted/data/heads/head_polar.h"
#include "lifted/data/heads/noise.h"

namespace lifted::data::heads::LIFTED_ISA {
namespace {

constexpr int block = 256;
constexpr float degree = pi / 180;

/// The noises all pieces of the field share.
struct FieldNoise {
  float coarse[block], fine[block], strand[block];
};

void field_noise(uint32_t seed, const PolarPoints& p, FieldNoise& noise) {
  for (int i = 0; i < p.count; ++i) {
    const float c = 9 * p.cosine[i], s = 9 * p.sine[i], h = p.h[i];
    noise.coarse[i] = value_noise(0.9f * c, 0.9f * s, 0.5f * h, seed);
    noise.fine[i] = value_noise(3 * c, 3 * s, 0.5f * h, seed + 1);
  }
  for (int i = 0; i < p.count; ++i) {
    const float c = 9 * p.cosine[i], s = 9 * p.sine[i], h = p.h[i];
    noise.strand[i] = 0.6f * value_noise(1.6f * c, 1.6f * s, 0.12f * h, seed + 2) +
                      0.4f * value_noise(3.6f * c, 3.6f * s, 0.15f * h, seed + 3);
  }
}

void scalp_part(const HairField& field, const PolarPoints& p, const FieldNoise& noise, float* out) {
  const float *line = field.hairline.data(), *slope = field.slope.data();
  for (int i = 0; i < p.count; ++i) {
    const float position = absolute(p.theta[i]) * (HairField::hairline_steps / pi);
    const int k = std::min(static_cast<int>(position), HairField::hairline_steps - 1);
    const float t = clamp01(position - static_cast<float>(k));
    const float gradient = mix(slope[k], slope[k + 1], t);
    out[i] = (p.h[i] - mix(line[k], line[k + 1], t)) / square_root(1 + gradient * gradient) + 0.25f * noise.coarse[i] +
             0.22f * noise.fine[i];
  }
}

void add_bangs(const HairField& field, const PolarPoints& p, const FieldNoise& noise, float* out) {
  const auto& r = field.hair.random;
  const float level = 2.5f + 1.5f * r[4], tilt = 2.2f * (r[5] - 0.5f), width = (36 + 12 * r[8]) * degree;
  for (int i = 0; i < p.count; ++i) {
    const float theta = p.theta[i];
    const float edge =
        p.h[i] - (level + tilt * sine(1.6f * theta) + 0.7f * square(theta / 0.7f)) + 0.75f * noise.strand[i];
    const float side = 9 * (width - absolute(theta)) + 0.5f * noise.coarse[i];
    out[i] = max_of(out[i], min_of(edge, side));
  }
}

void add_fringe(const HairField& field, const PolarPoints& p, const FieldNoise& noise, float* out) {
  const float level = 4.4f + 1.4f * field.hair.random[4], sign = field.hair.part > 0 ? 1.0f : -1.0f;
  for (int i = 0; i < p.count; ++i) {
    const float theta = p.theta[i], away = absolute(theta);
    const float sweep = 1.7f * (2 * sign * theta + 0.2f) + 3.5f * smoothstep(0.30f, 0.72f, away);
    const float edge = p.h[i] - (level + sweep) + 0.7f * noise.strand[i];
    out[i] = max_of(out[i], min_of(edge, 9 * (48 * degree - away) + 0.4f * noise.coarse[i]));
  }
}

float curtain_bottom(const HairParameters& hair) {
  const float r = hair.random[6];
  switch (hair.style) {
    case HairStyle::bob:
      return -5.5f - 3.2f * r;
    case HairStyle::medium:
      return -1.2f - 3.5f * r;
    case HairStyle::curly:
      return -2.5f - (hair.feminine ? 6 * r : 0);
    case HairStyle::afro:
      return -2 - 2 * r;
    default:
      return -9 - 7 * r;
  }
}

/// Angle in degrees at which the curtain of hair begins, as a function of h.
struct CurtainEdge {
  float h[6], degrees[6];
  float wave;
};

CurtainEdge curtain_edge(const HairParameters& hair) {
  const auto& r = hair.random;
  switch (hair.style) {
    case HairStyle::tucked:
      return {{-14, -3, 1.5f, 4, 5, 6}, {100, 106, 106, 100, 100, 100}, 0};
    case HairStyle::medium:
      return {{-6, 0, 3, 6, 7, 8}, {74, 72, 62, 48, 48, 48}, 0};
    case HairStyle::curly:
    case HairStyle::afro:
      return {{-8, 0, 3, 6, 7, 8}, {76, 70, 60, 46, 46, 46}, 0};
    default:
      break;
  }
  const float middle = 58 + 16 * r[7], low = 58 + 24 * r[8], high = 34 + 18 * r[9];
  return {{-16, -7, 0, 3.5f, 6.5f, 9}, {low + 4, low, middle, 0.5f * (middle + high), 0.7f * high, 6}, 3.5f};
}

void add_curtain(const HairField& field, const PolarPoints& p, const FieldNoise& noise, float* out) {
  const auto& r = field.hair.random;
  const float bottom = curtain_bottom(field.hair), asymmetry = 7 * degree * (r[10] - 0.5f);
  const CurtainEdge edge = curtain_edge(field.hair);
  for (int i = 0; i < p.count; ++i) {
    const float h = p.h[i], side = p.theta[i] > 0 ? 1.0f : -1.0f;
    const float front = interpolate(h, edge.h, edge.degrees) + edge.wave * sine(0.5f * h + 6 * r[9] + side);
    const float lower = h - (bottom + 0.6f * noise.coarse[i]) + 0.9f * noise.strand[i];
    const float inner = 8.5f * (absolute(p.theta[i]) - front * degree - asymmetry * side) + 0.35f * noise.coarse[i] +
                        0.2f * noise.fine[i];
    out[i] = max_of(out[i], min_of(lower, inner));
  }
}

}  // namespace

void evaluate_hair_field(const HairField& field, const PolarPoints& points, const HairFieldOutput& out) {
  FieldNoise noise;
  for (int start = 0; start < points.count; start += block) {
    const PolarPoints p{std::min(block, points.count - start), points.theta + start, points.cosine + start,
                        points.sine + start, points.h + start};
    field_noise(field.hair.seed, p, noise);
    scalp_part(field, p, noise, out.scalp + start);
    float* loose = out.loose + start;
    std::fill_n(loose, p.count, -9.0f);
    if (field.bangs) add_bangs(field, p, noise, loose);
    if (field.fringe) add_fringe(field, p, noise, loose);
    if (field.curtain) add_curtain(field, p, noise, loose);
  }
}

}  // namespace lifted::data::heads::LIFTED_ISA
