#include "lifted/data/heads/hair_field.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lifted::data::heads {
namespace {

struct Knot {
  float degrees, h;
};

std::vector<Knot> hairline_knots(const HairParameters& hair) {
  const auto& r = hair.random;
  const bool recede = hair.style == HairStyle::recede;
  const float up = hair.hairline, back = recede ? 2.5f + 2.5f * r[1] : 0,
              temple = recede ? 1.5f + 2 * r[2] : hair.temple;
  const float sideburn = hair.feminine ? 0.6f - 1.2f * r[0] : -1.5f - 1.3f * r[0];
  return {{0, 6.9f + up + back - 0.6f * hair.widow_peak},
          {14, 7.15f + up + back},
          {30, 7.0f + up + back + 0.6f * temple},
          {42, 6.2f + 0.8f * up + 0.7f * back + temple},
          {52, 4.2f + 0.3f * up + 0.6f * temple},
          {60, 1.6f},
          {66, sideburn + 0.6f},
          {70, sideburn},
          {77, sideburn + 0.1f},
          {80, sideburn + 0.7f},
          {84, -0.4f},
          {96, 0.1f},
          {106, -0.6f},
          {113, -2.2f},
          {122, -4.6f},
          {150, -6.6f},
          {180, -7.0f}};
}

float between_knots(const std::vector<Knot>& knots, float degrees) {
  size_t i = 0;
  while (i + 2 < knots.size() && knots[i + 1].degrees < degrees) ++i;
  const Knot &a = knots[i], &b = knots[i + 1];
  return mix(a.h, b.h, std::clamp((degrees - a.degrees) / (b.degrees - a.degrees), 0.0f, 1.0f));
}

/// Gaussian blur with mirrored ends.
std::vector<float> blurred(const std::vector<float>& values, float sigma) {
  const int n = static_cast<int>(values.size()), radius = static_cast<int>(4 * sigma + 0.5f);
  std::vector<float> kernel(2 * radius + 1), result(n);
  float total = 0;
  for (int k = -radius; k <= radius; ++k)
    total += kernel[k + radius] = exponential(-0.5f * square(static_cast<float>(k) / sigma));
  for (int i = 0; i < n; ++i) {
    float sum = 0;
    for (int k = -radius; k <= radius; ++k) {
      int j = i + k;
      if (j < 0) j = -1 - j;
      if (j >= n) j = 2 * n - 1 - j;
      sum += kernel[k + radius] * values[j];
    }
    result[i] = sum / total;
  }
  return result;
}

}  // namespace

HairField::HairField(const HairParameters& parameters) : hair(parameters) {
  using enum HairStyle;
  const HairStyle style = hair.style;
  bangs = style == bob || ((style == long_hair || style == medium || style == curly) && hair.random[3] < 0.28f);
  fringe = !bangs && (style == short_cut || style == quiff || style == medium) && hair.random[3] < 0.5f;
  curtain = style == long_hair || style == bob || style == tucked || style == medium || style == curly || style == afro;

  const std::vector<Knot> knots = hairline_knots(hair);
  std::vector<float> line(hairline_steps + 1);
  for (int i = 0; i <= hairline_steps; ++i)
    line[i] = between_knots(knots, 180.0f * static_cast<float>(i) / hairline_steps);
  hairline = blurred(line, 8);  // 2 degrees
  slope.resize(line.size());
  const float step = std::numbers::pi_v<float> / hairline_steps;
  for (int i = 0; i <= hairline_steps; ++i) {
    const int a = std::max(i - 1, 0), b = std::min(i + 1, hairline_steps);
    slope[i] = (hairline[b] - hairline[a]) / (static_cast<float>(b - a) * step * 9);
  }
}

}  // namespace lifted::data::heads
