#include "lifted/data/heads/curves.h"

#include <algorithm>
#include <cmath>

namespace lifted::data::heads {
namespace {

/// Slope at an end knot, kept from overshooting.
double end_slope(double h0, double h1, double d0, double d1) {
  const double slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
  if (slope * d0 <= 0) return 0;
  if (d0 * d1 <= 0 && std::abs(slope) > 3 * std::abs(d0)) return 3 * d0;
  return slope;
}

std::vector<double> knot_slopes(const std::vector<std::pair<float, float>>& knots) {
  const size_t n = knots.size();
  std::vector<double> step(n - 1), chord(n - 1), slope(n);
  for (size_t i = 0; i + 1 < n; ++i) {
    step[i] = knots[i + 1].first - knots[i].first;
    chord[i] = (knots[i + 1].second - knots[i].second) / step[i];
  }
  for (size_t i = 1; i + 1 < n; ++i) {
    if (chord[i - 1] * chord[i] <= 0) continue;
    const double w1 = 2 * step[i] + step[i - 1], w2 = step[i] + 2 * step[i - 1];
    slope[i] = (w1 + w2) / (w1 / chord[i - 1] + w2 / chord[i]);
  }
  slope[0] = end_slope(step[0], step[1], chord[0], chord[1]);
  slope[n - 1] = end_slope(step[n - 2], step[n - 3], chord[n - 2], chord[n - 3]);
  return slope;
}

}  // namespace

Curve monotone_curve(const std::vector<std::pair<float, float>>& knots, float from, float to) {
  const std::vector<double> slope = knot_slopes(knots);
  Curve curve;
  curve.start = from;
  curve.per_unit = Curve::samples / (to - from);
  for (int k = 0; k < Curve::samples + 2; ++k) {
    const double x = std::clamp(from + (to - from) * k / Curve::samples, knots.front().first, knots.back().first);
    size_t i = 0;
    while (i + 2 < knots.size() && x > knots[i + 1].first) ++i;
    const double h = knots[i + 1].first - knots[i].first, t = (x - knots[i].first) / h;
    const double a = (1 + 2 * t) * (1 - t) * (1 - t), b = t * (1 - t) * (1 - t), c = t * t * (3 - 2 * t),
                 d = t * t * (t - 1);
    curve.y[k] =
        static_cast<float>(a * knots[i].second + b * h * slope[i] + c * knots[i + 1].second + d * h * slope[i + 1]);
  }
  return curve;
}

const FaceCurves& face_curves() {
  static const FaceCurves curves{
      monotone_curve({{-2.53f, -3.52f},
                      {-1.7f, -2.84f},
                      {-.78f, -2.44f},
                      {-.35f, -2.44f},
                      {0, -2.52f},
                      {.35f, -2.44f},
                      {.78f, -2.44f},
                      {1.7f, -2.84f},
                      {2.53f, -3.52f}},
                     0, 2.53f),
      monotone_curve({{-2.53f, -3.52f},
                      {-1.85f, -4.03f},
                      {-1.03f, -4.33f},
                      {0, -4.42f},
                      {1.03f, -4.33f},
                      {1.85f, -4.03f},
                      {2.53f, -3.52f}},
                     0, 2.53f),
      monotone_curve({{1.17f, 5.91f}, {2.41f, 6.19f}, {3.79f, 6.26f}, {4.93f, 5.98f}, {5.82f, 5.2f}}, 1.17f, 5.82f)};
  return curves;
}

}  // namespace lifted::data::heads
