// SIDE and MAD on shapes whose errors are known by hand.
#include "lifted/scene/shape_error.h"

#include <cmath>
#include <numbers>

#include "lifted/scene/normals.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::scene {
namespace {
using test::error_of;
using torch::Tensor;

constexpr int64_t kSize = 16;

Tensor everywhere(int64_t batch = 1) {
  return torch::ones({batch, kSize, kSize}, torch::kBool);
}

/// The plane through (0, 0, 1) whose normal is the given one: a pixel's ray r meets it at depth n_z / (n·r).
Tensor plane(double nx, double ny, double nz) {
  const Tensor rays = pixel_camera(kSize).rays(torch::kFloat64);
  const Tensor normal = torch::tensor({nx, ny, nz}, torch::kFloat64);
  return (nz / (rays * normal).sum(2)).unsqueeze(0);
}

/// A head-like bump.
Tensor bump(double height = 0.1) {
  const Tensor at = torch::linspace(-1, 1, kSize, torch::kFloat64);
  const Tensor square = at.view({-1, 1}).square() + at.view({1, -1}).square();
  return (1.05 - height * torch::exp(-2 * square)).unsqueeze(0);
}

ShapeError error(const Tensor& depth, const Tensor& truth) {
  return shape_error(depth, everywhere(depth.size(0)), truth, everywhere(depth.size(0)), pixel_camera(kSize));
}

TEST(ShapeError, TruthAgainstItselfIsZero) {
  const auto same = error(bump(), bump());
  EXPECT_LT(same.side.item<double>(), 1e-12);
  EXPECT_LT(same.mad.item<double>(), 1e-12);
  EXPECT_NEAR(same.correlation.item<double>(), 1, 1e-12);
  EXPECT_EQ(same.pixels.item<int64_t>(), (kSize - 2) * (kSize - 2));
  const auto single = error(bump().to(torch::kFloat32), bump().to(torch::kFloat32));
  EXPECT_LT(single.mad.item<double>(), 1e-12);
}

TEST(ShapeError, ScaleIsFree) {
  const auto scaled = error(1.7 * bump(), bump());
  EXPECT_LT(scaled.side.item<double>(), 1e-12);
  EXPECT_LT(scaled.mad.item<double>(), 1e-6);  // points move along their rays: all angles stay
  EXPECT_NEAR(scaled.correlation.item<double>(), 1, 1e-12);
}

TEST(ShapeError, OfARampIsItsDeviation) {
  // log d = log t + 0.01·column: over the columns 1 … 14 that erosion leaves, a variance of (14² − 1)/12 steps².
  const Tensor ramp = (torch::arange(kSize, torch::kFloat64) * 0.01).exp().view({1, 1, kSize});
  EXPECT_NEAR(error(bump() * ramp, bump()).side.item<double>(), 0.01 * std::sqrt((14.0 * 14 - 1) / 12), 1e-12);
  // Half of the pixels 2 % farther: deviation log(1.02)/2, whatever the rest is.
  Tensor step = torch::ones({1, kSize, kSize}, torch::kFloat64);
  step.slice(1, 0, kSize / 2).mul_(1.02);
  EXPECT_NEAR(error(bump() * step, bump()).side.item<double>(), std::log(1.02) / 2, 1e-12);
}

TEST(ShapeError, OfATiltedPlaneIsTheAngle) {
  const Tensor facing = plane(0, 0, 1);
  EXPECT_LT((facing - 1).abs().max().item<double>(), 1e-12);
  for (const double degrees : {5.0, 30.0, 60.0}) {
    const double a = degrees * std::numbers::pi / 180;
    const auto tilted = error(plane(std::sin(a), 0, std::cos(a)), facing);
    EXPECT_NEAR(tilted.mad.item<double>(), degrees, 1e-6);
    EXPECT_EQ(tilted.correlation.item<double>(), 0);  // one is flat
    const auto apart = error(plane(std::sin(a), 0, std::cos(a)), plane(-std::sin(a), 0, std::cos(a)));
    EXPECT_NEAR(apart.mad.item<double>(), 2 * degrees, 1e-6);
    EXPECT_LT(apart.correlation.item<double>(), -0.99);
  }
}

TEST(ShapeError, LooksOnlyWhereBothMasksAreWhole) {
  Tensor depth = bump(), mask = everywhere(), true_mask = everywhere();
  depth.slice(2, 0, 4).mul_(3);  // nonsense, masked out
  mask.slice(2, 0, 4).fill_(false);
  const auto partial = shape_error(depth, mask, bump(), true_mask, pixel_camera(kSize));
  EXPECT_LT(partial.side.item<double>(), 1e-12);
  EXPECT_LT(partial.mad.item<double>(), 1e-9);  // the column beside the nonsense was eroded, too
  EXPECT_EQ(partial.pixels.item<int64_t>(), (kSize - 2) * (kSize - 6));
  true_mask.slice(1, 3).fill_(false);
  EXPECT_EQ(shape_error(depth, mask, bump(), true_mask, pixel_camera(kSize)).pixels.item<int64_t>(), kSize - 6);
  true_mask.fill_(false);
  const auto none = shape_error(depth, mask, bump(), true_mask, pixel_camera(kSize));
  EXPECT_TRUE(std::isnan(none.side.item<double>()));
  EXPECT_TRUE(std::isnan(none.mad.item<double>()));
  EXPECT_TRUE(std::isnan(none.correlation.item<double>()));
}

TEST(ShapeError, ImagesDoNotFeelEachOther) {
  const auto together = error(torch::cat({bump(0.08), bump(0.1)}), torch::cat({bump(0.1), bump(0.1)}));
  EXPECT_EQ(together.side[0].item<double>(), error(bump(0.08), bump(0.1)).side.item<double>());
  EXPECT_LT(together.side[1].item<double>(), 1e-12);
  EXPECT_GT(together.mad[0].item<double>(), 0.5);
}

TEST(ShapeError, NonsenseIsAnError) {
  const auto camera = pixel_camera(kSize);
  const auto problem = [&](const Tensor& depth, const Tensor& mask) {
    return error_of([&] { shape_error(depth, mask, bump(), everywhere(), camera); });
  };
  EXPECT_NE(problem(bump() - 2, everywhere()).find("not positive"), std::string::npos);
  EXPECT_NE(problem(bump() * NAN, everywhere()).find("not positive and finite"), std::string::npos);
  EXPECT_NE(problem(bump()[0], everywhere()).find("shape"), std::string::npos);
  EXPECT_NE(problem(bump(), everywhere().to(torch::kFloat32)).find("mask"), std::string::npos);
  EXPECT_NE(problem(torch::cat({bump(), bump()}), everywhere(2)).find("against"), std::string::npos);
}

TEST(PixelCamera, LiesHalfAPixelInside) {
  // The outermost pixel centre is at (1 − 1/S) of the field of view's edge.
  const auto rays = pixel_camera(8).rays(torch::kFloat64);
  EXPECT_NEAR(rays[0][7][0].item<double>(), 7.0 / 8 * std::tan(5 * std::numbers::pi / 180), 1e-12);
  EXPECT_NEAR(rays[0][3][0].item<double>(), -1.0 / 8 * std::tan(5 * std::numbers::pi / 180), 1e-12);
}

}  // namespace
}  // namespace lifted::scene
