// The arithmetic of ops/core, which the processor's kernels and the card's share: fp32 against double precision, on
// random and on adversarial inputs. Prints the worst error of each function ("core NAME worst …"): docs/ops.md.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "lifted/ops/core/activation.h"
#include "lifted/ops/core/direction.h"
#include "lifted/ops/core/division.h"
#include "lifted/ops/core/moments.h"
#include "lifted/ops/core/reflect.h"
#include "lifted/ops/core/surface.h"
#include "lifted/ops/core/taps.h"
#include "lifted/ops/core/triangle_gradient.h"

namespace lifted::ops::core {
namespace {

/// The largest difference by the size that is given with it.
class WorstError {
 public:
  WorstError(const char* name, double bound) : name_(name), bound_(bound) {}
  ~WorstError() {
    fmt::print("core {:<24} worst {:.1e}\n", name_, worst_);
    EXPECT_LE(worst_, bound_) << name_;
  }
  void add(double found, double exact, double size = 1) {
    const double error = std::abs(found - exact) / size;
    worst_ = std::isnan(error) ? INFINITY : std::max(worst_, error);
  }

 private:
  const char* name_;
  double bound_, worst_ = 0;
};

class Draw {
 public:
  float normal() { return normal_(engine_); }
  float between(float lo, float hi) { return std::uniform_real_distribution<float>(lo, hi)(engine_); }

 private:
  std::mt19937 engine_{1};
  std::normal_distribution<float> normal_;
};

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();

TEST(CoreActivation, AgreesWithDoublePrecisionAndKeepsNan) {
  Draw draw;
  WorstError forward("activate", 3e-7), derivative("activation_derivative", 2e-7);
  for (const double clamp : {-1.0, 0.8}) {
    const Activation<float> a = {0.2f, 1.4142135f, static_cast<float>(clamp)};
    const Activation<double> exact = {a.slope, a.gain, a.clamp};
    for (int i = 0; i < 10000; ++i) {
      const float x = draw.normal();
      const double y = activate<double>(x, exact);
      forward.add(activate(x, a), y, std::max(1.0, std::abs(y)));
      derivative.add(activation_derivative(static_cast<float>(y), a),
                     activation_derivative<double>(static_cast<float>(y), exact));
    }
    EXPECT_TRUE(std::isnan(activate(kNaN, a)));
    EXPECT_EQ(activate(0.0f, a), 0);
    EXPECT_EQ(activate(kInfinity, a), clamp < 0 ? kInfinity : a.clamp);
    EXPECT_EQ(activate(-kInfinity, a), clamp < 0 ? -kInfinity : -a.clamp);
  }
  const Activation<float> clamped = {0.2f, 1, 0.5f};
  EXPECT_EQ(activation_derivative(0.5f, clamped), 0);
  EXPECT_EQ(activation_derivative(-0.5f, clamped), 0);
  EXPECT_EQ(activation_derivative(std::nextafter(0.5f, 0.0f), clamped), 1);
  EXPECT_EQ(activation_derivative(0.0f, clamped), 0.2f);  // the kink belongs to the negative side, as leaky_relu's
}

TEST(CoreTaps, AreThoseThatMeetPixels) {
  for (int64_t up = 1; up <= 3; ++up) {
    for (int64_t taps = 1; taps <= 5; ++taps) {
      for (int64_t pad = -3; pad <= 4; ++pad) {
        for (int64_t down = 1; down <= 3; ++down) {
          for (int64_t out = 0; out < 9; ++out) {
            constexpr int64_t kSize = 4;
            const TapRange found = tap_range(out, down, pad, up, taps, kSize);
            std::vector<std::pair<int64_t, int64_t>> expected, listed;
            for (int64_t tap = 0; tap < taps; ++tap) {
              const int64_t at = out * down - pad + tap;  // in the zero-inserted image
              if (at >= 0 && at % up == 0 && at / up < kSize) expected.emplace_back(tap, at / up);
            }
            for (int64_t k = 0; k < found.count; ++k) listed.emplace_back(found.first + k * up, found.pixel + k);
            ASSERT_EQ(listed, expected) << up << " " << taps << " " << pad << " " << down << " " << out;
          }
        }
      }
    }
  }
}

TEST(CoreReflect, MirrorsWithoutRepeatingTheBorder) {
  const int64_t expected[] = {2, 1, 0, 1, 2, 3, 2, 1};
  for (int64_t i = -2; i < 6; ++i) EXPECT_EQ(reflect(i, 4), expected[i + 2]) << i;
}

TEST(CoreSurface, AgreesWithDoublePrecision) {
  Draw draw;
  WorstError direction("normal", 2e-4), place("move", 3e-6), light("shading", 1e-6), colour("shade", 1e-6);
  for (int i = 0; i < 20000; ++i) {
    const float u = draw.between(-0.08f, 0.08f), v = draw.between(-0.08f, 0.08f), step = 1e-3f;
    const auto near_one = [&] { return draw.between(0.9f, 1.1f); };
    const Neighbours<float> n = {near_one(), near_one(), near_one(), near_one(), u,
                                 u - step,   u + step,   v,          v - step,   v + step};
    const Neighbours<double> d = {n.left, n.right, n.up, n.down, n.u, n.u_left, n.u_right, n.v, n.v_up, n.v_down};
    const Vector3<float> found = normal(n, 0.0f);
    const Vector3<double> exact = normal(d, 0.0);
    direction.add(found.x, exact.x), direction.add(found.y, exact.y), direction.add(found.z, exact.z);

    float r[9], t[3];
    for (float& value : r) value = draw.normal();
    for (float& value : t) value = draw.normal();
    double rd[9], td[3];
    std::copy(r, r + 9, rd), std::copy(t, t + 3, td);
    const float follow = draw.between(0, 1);
    const Vector3<float> p = {draw.normal(), draw.normal(), draw.normal()};
    const Vector3<float> moved = move(p, r, t, follow);
    const Vector3<double> moved_exact = move<double>({p.x, p.y, p.z}, rd, td, follow);
    place.add(moved.x, moved_exact.x), place.add(moved.y, moved_exact.y), place.add(moved.z, moved_exact.z);

    const float s = shading(found, 0.3f, 0.7f, t);
    light.add(s, shading<double>({found.x, found.y, found.z}, 0.3f, 0.7f, td), 10);
    colour.add(shade(p.x, s), shade<double>(p.x, s), 10);
  }
  EXPECT_TRUE(std::isnan(normal<float>({kNaN, 1, 1, 1, 0, 0, 0, 0, 0, 0}, 0).z));
  EXPECT_EQ(normal<float>({1, 1, 1, 1, 0, 0, 0, 0, 0, 0}, 1e-7f).z, 0);  // no extent: no direction, and no NaN
  EXPECT_TRUE(std::isnan(shading<float>({kNaN, 0, 0}, 0.3f, 0.7f, std::array<float, 3>{1, 1, 1}.data())));
  EXPECT_EQ(shading<float>({0, 0, -1}, 0.25f, 0.7f, std::array<float, 3>{0, 0, 1}.data()), 0.25f);
}

TEST(CoreDirection, ShortVectorsHaveNone) {
  EXPECT_EQ(inverse_length(0.0f), 0);
  EXPECT_EQ(inverse_length(1e-30f), 0);
  EXPECT_FLOAT_EQ(inverse_length(1e-20f), 1e10f);
  EXPECT_TRUE(std::isnan(inverse_length(kNaN)));
}

TEST(CoreMoments, CombineAsOneSet) {
  Draw draw;
  WorstError mean("moments mean", 1e-12), spread("moments spread", 1e-9);
  for (const double offset : {0.0, 1000.0}) {
    Moments total = {0, 0, 0};
    std::vector<double> all;
    for (int chunk = 0; chunk < 50; ++chunk) {
      Moments part = {0, 0, 0};
      for (int i = 0; i < 20; ++i) {
        all.push_back(offset + draw.normal());
        part = together(part, {1, all.back(), 0});
      }
      total = together(total, part);
    }
    double sum = 0, squares = 0;
    for (const double v : all) sum += v;
    const double middle = sum / static_cast<double>(all.size());
    for (const double v : all) squares += (v - middle) * (v - middle);
    mean.add(total.mean, middle, 1 + offset), spread.add(total.squares, squares, squares);
    const ScaleShift a = normalization(total, 1e-5, 2, 3);
    EXPECT_NEAR(a.scale * (middle + 1) + a.shift, 3 + 2 / std::sqrt(squares / 1000 + 1e-5), 3e-4);
  }
}

// ---- triangles ----

template <typename T>
Triangle<T> as(const Triangle<float>& t) {
  const auto corner = [](const Corner<float>& c) { return Corner<T>{c.x, c.y, c.z}; };
  return {corner(t.v0), corner(t.v1), corner(t.v2), t.row, t.column, t.lower_right};
}

/// A triangle about `size` wide near the middle of the image, about 1 away.
Triangle<float> random_triangle(Draw& draw, float size, bool lower_right) {
  const float x = draw.between(-0.5f, 0.5f), y = draw.between(-0.5f, 0.5f);
  const auto corner = [&](float dx, float dy) {
    return Corner<float>{x + size * (dx + 0.2f * draw.normal()), y + size * (dy + 0.2f * draw.normal()),
                         draw.between(0.9f, 1.1f)};
  };
  if (lower_right) return {corner(1, 0), corner(0, 1), corner(1, 1), 0, 0, true};
  return {corner(0, 0), corner(0, 1), corner(1, 0), 0, 0, false};
}

TEST(CoreTriangle, BarycentricsAgreeWithDoublePrecision) {
  Draw draw;
  WorstError weights("barycentrics", 2e-3), depth("depth of a pixel", 2e-5);
  for (int i = 0; i < 40000; ++i) {
    const Triangle<float> t = random_triangle(draw, 0.05f, i % 2 == 1);
    if (std::abs(area_of(t.v0, t.v1, t.v2)) < 1e-4f) continue;
    const float a = draw.between(0, 1), b = draw.between(0, 1 - a), c = 1 - a - b;
    const float px = a * t.v0.x + b * t.v1.x + c * t.v2.x, py = a * t.v0.y + b * t.v1.y + c * t.v2.y;
    for (const bool perspective : {false, true}) {
      const Edges<float> w = barycentrics(t, px, py, perspective).weights;
      const Edges<double> exact = barycentrics(as<double>(t), double(px), double(py), perspective).weights;
      weights.add(w.e0, exact.e0), weights.add(w.e1, exact.e1), weights.add(w.e2, exact.e2);
      // With the published divisor the weights sum to 1 − 1e-8 / area; the depth errs with them.
      depth.add(weighted(w, t.v0.z, t.v1.z, t.v2.z), weighted<double>(exact, t.v0.z, t.v1.z, t.v2.z));
    }
  }
}

TEST(CoreTriangle, GradientsAgreeWithDifferences) {
  Draw draw;
  WorstError differences("corner gradients, double", 1e-5), single("corner gradients, fp32", 5e-3);
  for (int i = 0; i < 400; ++i) {
    const Triangle<float> narrow = random_triangle(draw, 0.3f, i % 2 == 1);
    if (std::abs(area_of(narrow.v0, narrow.v1, narrow.v2)) < 2e-2f) continue;
    Triangle<double> t = as<double>(narrow);
    const float px = (narrow.v0.x + narrow.v1.x + narrow.v2.x) / 3, py = (narrow.v0.y + narrow.v1.y + narrow.v2.y) / 3;
    const double value[3] = {draw.normal(), draw.normal(), draw.normal()}, of_depth = draw.normal();
    for (const bool perspective : {false, true}) {
      const auto loss = [&] {
        const Edges<double> w = barycentrics<double>(t, px, py, perspective).weights;
        return weighted(w, value[0], value[1], value[2]) + of_depth * weighted(w, t.v0.z, t.v1.z, t.v2.z);
      };
      const Edges<double> g = {value[0] + of_depth * t.v0.z, value[1] + of_depth * t.v1.z,
                               value[2] + of_depth * t.v2.z};
      const auto exact =
          corner_gradients<double>(t, barycentrics<double>(t, px, py, perspective), px, py, g, of_depth, perspective);
      const auto found =
          corner_gradients<float>(narrow, barycentrics(narrow, px, py, perspective), px, py,
                                  {static_cast<float>(g.e0), static_cast<float>(g.e1), static_cast<float>(g.e2)},
                                  static_cast<float>(of_depth), perspective);
      Corner<double>* corners[3] = {&t.v0, &t.v1, &t.v2};
      for (int k = 0; k < 3; ++k) {
        double* place[3] = {&corners[k]->x, &corners[k]->y, &corners[k]->z};
        const double analytic[3] = {exact.x[k], exact.y[k], exact.z[k]};
        const float fp32[3] = {found.x[k], found.y[k], found.z[k]};
        for (int axis = 0; axis < 3; ++axis) {
          const double start = *place[axis], step = 1e-6;
          *place[axis] = start + step;
          const double above = loss();
          *place[axis] = start - step;
          const double below = loss();
          *place[axis] = start;
          differences.add(analytic[axis], (above - below) / (2 * step), std::max(1.0, std::abs(analytic[axis])));
          single.add(fp32[axis], analytic[axis], std::max(10.0, std::abs(analytic[axis])));
        }
      }
    }
  }
}

TEST(CoreTriangle, ACommonEdgeBelongsToOneOfTwo) {
  Draw draw;
  int on_edge = 0;
  for (int i = 0; i < 20000; ++i) {
    // Corners on a coarse lattice and centres on it: ties everywhere.
    const auto lattice = [&] { return std::round(draw.between(-8, 8)) / 8; };
    const Corner<float> top_left = {lattice(), lattice(), 1}, top_right = {lattice(), lattice(), 1},
                        bottom_left = {lattice(), lattice(), 1}, bottom_right = {lattice(), lattice(), 1};
    const Triangle<float> upper = {top_left, bottom_left, top_right, 0, 0, false};
    const Triangle<float> lower_one = {top_right, bottom_left, bottom_right, 0, 0, true};
    // On opposite sides of the diagonal.
    if (area_of(upper.v0, upper.v1, upper.v2) * area_of(lower_one.v0, lower_one.v1, lower_one.v2) <= 0) continue;
    const float along = draw.between(0, 1);
    const float px = bottom_left.x + along * (top_right.x - bottom_left.x),
                py = bottom_left.y + along * (top_right.y - bottom_left.y);
    EXPECT_TRUE(covers(edges_at(upper, px, py)) || covers(edges_at(lower_one, px, py)));
    ++on_edge;
  }
  EXPECT_GT(on_edge, 1000);
}

TEST(CoreTriangle, SliversAndPointsStayFinite) {
  const Corner<float> a = {0.1f, 0.1f, 1}, b = {0.3f, 0.3f, 1.1f}, middle = {0.2f, 0.2f, 1.05f};
  for (const auto& t :
       {Triangle<float>{a, middle, b, 0, 0, false}, Triangle<float>{a, a, a, 0, 0, false},
        Triangle<float>{a, a, b, 0, 0, true}, Triangle<float>{a, b, {0.2f, 0.2000001f, 1}, 0, 0, true}}) {
    const float area = area_of(t.v0, t.v1, t.v2);
    EXPECT_TRUE(is_sliver(area));
    for (const float offset : {0.0f, 1e-8f, 1e-3f}) {
      const Barycentrics<float> w = barycentrics(t, 0.2f, 0.2f + offset, false);
      EXPECT_TRUE(std::isfinite(w.weights.e0 + w.weights.e1 + w.weights.e2));
      const CornerGradients<float> g = corner_gradients(t, w, 0.2f, 0.2f + offset, {1, 2, 3}, 0.5f, false);
      for (int k = 0; k < 3; ++k) EXPECT_EQ(g.x[k], 0) << "slivers pass no gradient to positions";
    }
  }
  const Triangle<float> point = {a, a, a, 0, 0, false};
  EXPECT_EQ(inverse_area(edges_at(point, 0.1f, 0.1f), 0.0f), 0);
}

TEST(CoreTriangle, WhatCannotBeDrawnIsNan) {
  for (const float z : {-1.0f, 0.0f, -0.0f, 5e-5f, 2e9f, kNaN, kInfinity, -kInfinity}) {
    const Corner<float> v = project(0.1f, 0.2f, z, 11.4f);
    EXPECT_TRUE(std::isnan(v.x) && std::isnan(v.y)) << z;
    float out[3];
    unproject_gradient(v, 11.4f, 1.0f, 2.0f, 3.0f, out);
    EXPECT_TRUE(out[0] == 0 && out[1] == 0 && out[2] == 0) << z;
  }
  EXPECT_TRUE(std::isnan(project(kNaN, 0.0f, 1.0f, 1.0f).x));
  EXPECT_TRUE(std::isnan(project(kInfinity, 0.0f, 1.0f, 1.0f).x));
  Draw draw;
  WorstError places("project", 1e-6);
  for (int i = 0; i < 1000; ++i) {
    const float x = draw.normal(), y = draw.normal(), z = draw.between(0.5f, 2);
    const Corner<float> v = project(x, y, z, 11.4f);
    places.add(v.x, project<double>(x, y, z, 11.4f).x, 11.4 * std::max(1.0f, std::abs(x / z)));
    places.add(v.y, project<double>(x, y, z, 11.4f).y, 11.4 * std::max(1.0f, std::abs(y / z)));
  }
}

TEST(CoreTriangle, PixelRangesHoldEveryCoveredCentre) {
  Draw draw;
  for (const float size : {1.0f, 7.0f, 256.0f}) {
    for (int i = 0; i < 5000; ++i) {
      const float lo = draw.between(-2, 2), hi = lo + draw.between(0, 1);
      const float first = first_pixel(lo, size / 2, 0.0f, size - 1), last = last_pixel(hi, size / 2, 0.0f, size - 1);
      for (float pixel = 0; pixel < size; ++pixel) {
        const double centre = (2 * double(pixel) + 1) / size - 1;
        if (centre >= lo && centre <= hi) {
          ASSERT_TRUE(pixel >= first && pixel <= last) << lo << " " << hi << " " << pixel;
        }
      }
    }
    EXPECT_GT(first_pixel(float(kFar), size / 2, 0.0f, size - 1), last_pixel(float(-kFar), size / 2, 0.0f, size - 1));
  }
}

TEST(Core, DivisorsDivide) {
  std::mt19937_64 random(3);
  const int64_t limit = int64_t(1) << 31;
  for (const int64_t by : {int64_t(1), int64_t(2), int64_t(3), int64_t(7), int64_t(255), int64_t(256), int64_t(641),
                           int64_t(65537), limit / 2 + 1, limit - 1, limit, 3 * limit}) {
    const Divisor divisor = divisor_of(by);
    std::vector<int64_t> numbers = {0, 1, by - 1, by, by + 1, limit - 1, limit, limit + 1, 5 * limit};
    for (int i = 0; i < 2000; ++i) numbers.push_back(static_cast<int64_t>(random() % (2 * limit)));
    for (int64_t k = 1; k < 200; ++k) numbers.insert(numbers.end(), {limit / by * k % limit / by * by, k * by - 1});
    for (const int64_t n : numbers) {
      const Division found = divide(n, divisor);
      ASSERT_EQ(found.quotient, n / by) << n << " / " << by;
      ASSERT_EQ(found.rest, n % by) << n << " / " << by;
    }
  }
}

}  // namespace
}  // namespace lifted::ops::core
