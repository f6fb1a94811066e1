// Camera, views, lights, grids and normals: known values, signs, and numeric gradients.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "lifted/base/error.h"
#include "lifted/scene/camera.h"
#include "lifted/scene/contour_clip.h"
#include "lifted/scene/depth_grid.h"
#include "lifted/scene/light.h"
#include "lifted/scene/normals.h"
#include "lifted/scene/view.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"

namespace lifted::scene {
namespace {

using test::expect_close;
using test::expect_gradients;

torch::Tensor moved_point(std::vector<double> view, std::vector<double> point) {
  const auto motion = motion_from_view(torch::tensor(view, torch::kDouble).view({1, 6}), 1.0);
  return move_grid(torch::tensor(point, torch::kDouble).view({1, 1, 1, 3}), motion).flatten();
}

TEST(Camera, BorderSamplesLieOnTheFieldOfView) {
  const Camera camera{256, 10};
  const auto rays = camera.rays(torch::kDouble);
  const double edge = std::tan(5 * std::numbers::pi / 180);
  EXPECT_NEAR(rays[0][0][0].item<double>(), -edge, 1e-12);
  EXPECT_NEAR(rays[0][255][0].item<double>(), edge, 1e-12);
  EXPECT_NEAR(rays[255][0][1].item<double>(), edge, 1e-12);
  EXPECT_NEAR(camera.focal() * edge, 127.5, 1e-9);
}

TEST(View, RotationIsOrthogonalAndOrdered) {
  const auto angles = torch::tensor({{0.3, -0.5, 0.8}}, torch::kDouble);
  const auto r = rotation_matrix(angles)[0];
  expect_close("R·Rᵀ", r.matmul(r.t()), torch::eye(3, torch::kDouble), 1e-12);
  const auto only = [&](int64_t axis) {
    auto one = torch::zeros_like(angles);
    one[0][axis] = angles[0][axis];
    return rotation_matrix(one)[0];
  };
  expect_close("Rz·Ry·Rx", r, only(2).matmul(only(1)).matmul(only(0)), 1e-12);
}

TEST(View, Signs) {
  EXPECT_LT(moved_point({0.2, 0, 0, 0, 0, 0}, {0, -0.05, 1})[2].item<double>(), 1);  // Pitch: the top comes nearer.
  EXPECT_LT(moved_point({0, 0.2, 0, 0, 0, 0}, {0.05, 0, 1})[2].item<double>(), 1);  // Yaw: the right side comes nearer,
  EXPECT_LT(moved_point({0, 0.2, 0, 0, 0, 0}, {0, 0, 0.9})[0].item<double>(), 0);   // the nose goes left.
  EXPECT_GT(moved_point({0, 0, 0.2, 0, 0, 0}, {0.05, 0, 1})[1].item<double>(), 0);  // Roll: clockwise.
  EXPECT_GT(moved_point({0, 0, 0, 0.01, 0, 0}, {0, 0, 1})[0].item<double>(), 0);    // Translations: right and down.
  EXPECT_GT(moved_point({0, 0, 0, 0, 0.01, 0}, {0, 0, 1})[1].item<double>(), 0);
  EXPECT_GT(moved_point({0, 0, 0, 0, 0, 0.01}, {0, 0, 1})[2].item<double>(), 1);
}

TEST(View, ScalesRawValues) {
  const auto scaled = ViewScale{}.apply(torch::ones({1, 6}));
  const double radians = std::numbers::pi / 3;
  expect_close("scaled", scaled[0], torch::tensor({radians, radians, radians, 0.1, 0.1, 0.01}).to(torch::kFloat), 1e-6);
  EXPECT_THROW(ViewScale{}.apply(torch::ones({1, 5})), Error);
}

TEST(View, Sweeps) {
  expect_close("yaw", yaw_view(30), torch::tensor({0.0, -0.5, 0.0, 0.1 * std::sin(-0.5), 0.0, 0.0}).to(torch::kFloat),
               1e-7);
  expect_close("pitch", pitch_view(12),
               torch::tensor({0.2, 0.0, 0.0, 0.0, -0.2 * std::sin(0.2), 0.0}).to(torch::kFloat), 1e-7);
}

TEST(DepthGrid, MovingBackUndoesMoving) {
  const Camera camera{16, 10};
  const auto grid = grid_from_depth(0.9 + 0.2 * torch::rand({2, 16, 16}, torch::kDouble), camera);
  const auto motion = motion_from_view(torch::randn({2, 6}, torch::kDouble), 1.0);
  expect_close("round trip", move_grid_back(move_grid(grid, motion), motion), grid, 1e-12);
}

TEST(DepthGrid, ProjectionInvertsTheGrid) {
  const Camera camera{8, 10};
  const auto projected = project_grid(grid_from_depth(0.5 + torch::rand({1, 8, 8}, torch::kDouble), camera), camera);
  const auto line = torch::linspace(-1, 1, 8, torch::kDouble);
  expect_close("x", projected[0].select(2, 0), line.view({1, 8}).expand({8, 8}), 1e-12);
  expect_close("y", projected[0].select(2, 1), line.view({8, 1}).expand({8, 8}), 1e-12);
  EXPECT_THROW(grid_from_depth(torch::ones({1, 8, 9}), camera), Error);
}

TEST(Normals, FlatMapsFaceTheCamera) {
  // |n| / (|n| + 1e-7) with |n| the area of a 2×2 step: 0.950 at 256², 0.997 at 64².
  for (const auto& [size, length] : {std::pair<int64_t, double>{256, 0.9496}, {64, 0.9968}}) {
    const auto normal = normals_from_depth(torch::ones({1, size, size}), Camera{size, 10});
    expect_close("z", normal.select(3, 2), torch::full({1, size, size}, length), 2e-4);
    EXPECT_LT(normal.slice(3, 0, 2).abs().max().item<double>(), 1e-4);
    const auto unit = normals_from_depth(torch::ones({1, size, size}), Camera{size, 10}, true);
    expect_close("unit z", unit.select(3, 2), torch::ones({1, size, size}), 1e-6);
  }
}

TEST(Normals, SignOfSlopes) {
  const Camera camera{32, 10};
  const auto to_right = (1 + 0.02 * torch::linspace(-1, 1, 32).view({1, 1, 32})).expand({1, 32, 32});
  EXPECT_LT(normals_from_depth(to_right, camera).select(3, 0).max().item<double>(), 0);
  EXPECT_LT(normals_from_depth(to_right.transpose(1, 2), camera).select(3, 1).max().item<double>(), 0);
}

TEST(Normals, OfASphere) {
  constexpr double radius = 0.12;
  const Camera camera{128, 10};
  const auto rays = camera.rays(torch::kDouble).unsqueeze(0);
  // The nearer intersection d·ray with the sphere about (0, 0, 1): d²|ray|² − 2d + 1 − r² = 0.
  const auto square = rays.square().sum(3);
  const auto depth = (1 - (1 - square * (1 - radius * radius)).clamp_min(0).sqrt()) / square;
  const auto centre = torch::tensor({0., 0., 1.}, torch::kDouble);
  const auto points = grid_from_depth(depth, camera);
  const auto expected = (centre - points) / radius;  // Positive z faces the camera.
  const auto actual = normals_from_depth(depth, camera, true);
  const auto inner = [](const torch::Tensor& t) { return t.slice(1, 16, 112).slice(2, 16, 112); };
  expect_close("sphere", inner(actual), inner(expected), 3e-3);
}

TEST(Light, KnownShading) {
  // Ambient 0.6, diffuse 0.7, light from the right at 45°; a normal 30° off the axis towards it.
  const auto light = parse_light(torch::tensor({{0.2, 0.4, 1.0, 0.0}}, torch::kDouble));
  EXPECT_NEAR(light.ambient.item<double>(), 0.6, 1e-12);
  EXPECT_NEAR(light.diffuse.item<double>(), 0.7, 1e-12);
  const auto normal = torch::tensor({0.5, 0.0, std::sqrt(0.75)}, torch::kDouble).view({1, 1, 1, 3});
  EXPECT_NEAR(shading(normal, light).item<double>(), 0.6 + 0.7 * std::cos(15 * std::numbers::pi / 180), 1e-12);
  EXPECT_NEAR(shading(-normal, light).item<double>(), 0.6, 1e-12);  // Turned away: ambient only.
  const auto frontal = parse_light(torch::tensor({{0.2, 0.4, 1.0, 0.0}}, torch::kDouble), true);
  expect_close("frontal", frontal.direction, torch::tensor({{0., 0., 1.}}, torch::kDouble), 0);
}

TEST(Light, UnshadeUndoesShade) {
  const auto albedo = torch::rand({2, 3, 8, 8}, torch::kDouble) * 2 - 1,
             shading = 0.2 + torch::rand({2, 1, 8, 8}, torch::kDouble);
  expect_close("albedo", unshade(shade(albedo, shading), shading), albedo, 1e-6);
}

TEST(Gradients, OfEveryStep) {
  const Camera camera{7, 10};
  const auto depth = (0.9 + 0.2 * torch::rand({2, 7, 7}, torch::kDouble)).requires_grad_();
  const auto view = (0.3 * torch::randn({2, 6}, torch::kDouble)).requires_grad_();
  const auto light = torch::randn({2, 4}, torch::kDouble).requires_grad_();
  const auto map = torch::rand({2, 1, 7, 7}, torch::kDouble).requires_grad_();
  const auto normal = torch::randn({2, 7, 7, 3}, torch::kDouble).requires_grad_();
  expect_gradients([&](const auto& in) { return normals_from_depth(in[0], camera); }, {depth}, {1e-7, 1e-4});
  expect_gradients([&](const auto& in) { return normals_from_depth(in[0], camera, true); }, {depth}, {1e-7, 1e-4});
  expect_gradients(
      [&](const auto& in) {
        const auto grid = grid_from_depth(in[0], camera);
        return project_grid(blend_grids(move_grid(grid, motion_from_view(in[1], 1.0)), grid, in[2]), camera);
      },
      {depth, view, map});
  expect_gradients([&](const auto& in) { return shading(in[1], parse_light(in[0])); }, {light, normal});
  expect_gradients([](const auto& in) { return ViewScale{}.apply(in[0]); }, {view});
}

TEST(ContourClip, ZeroesTheContourOnly) {
  auto gradient = torch::zeros({1, 9, 9});
  gradient.slice(1, 2, 7).slice(2, 2, 7).fill_(3);
  auto expected = torch::zeros({1, 9, 9});
  expected.slice(1, 3, 6).slice(2, 3, 6).fill_(3);
  EXPECT_TRUE(torch::equal(without_contour(gradient), expected));
  EXPECT_TRUE(
      torch::equal(without_contour(torch::ones({1, 9, 9})), torch::ones({1, 9, 9})));  // Borders are no contour.
}

}  // namespace
}  // namespace lifted::scene
