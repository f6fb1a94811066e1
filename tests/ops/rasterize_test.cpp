// The rasterizer kernel against its reference, numeric gradients, and what it promises about threads and holes.
#include "lifted/ops/rasterize.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "lifted/base/error.h"
#include "tests/support/golden.h"

namespace lifted::ops {
namespace {

constexpr double kFocal = 11.430052302761343;  // 1 / tan(5°)

RasterizeOptions options_for(int64_t size, bool perspective_correct = false) {
  RasterizeOptions options;
  options.size = size;
  options.focal = kFocal;
  options.background_depth = 1.2;
  options.perspective_correct = perspective_correct;
  return options;
}

/// A grid of points at the given depths (B×H×W) covering the image, as a camera at the origin sees it.
torch::Tensor grid_at(const torch::Tensor& depth) {
  const auto y = torch::linspace(-1, 1, depth.size(1), depth.options()).view({1, -1, 1}) / kFocal * depth;
  const auto x = torch::linspace(-1, 1, depth.size(2), depth.options()).view({1, 1, -1}) / kFocal * depth;
  return torch::stack({x, y, depth}, 3);
}

/// Smooth random depths in 0.9 … 1.1.
torch::Tensor smooth_depth(int64_t batch, int64_t size, torch::ScalarType type = torch::kFloat) {
  const auto coarse = torch::rand({batch, 1, 7, 7}, type);
  return 0.9 + 0.2 * torch::upsample_bicubic2d(coarse, {size, size}, true).squeeze(1);
}

/// Turns points about the vertical and horizontal axes through (0, 0, 1).
torch::Tensor turned(const torch::Tensor& points, double yaw, double pitch) {
  const double cy = std::cos(yaw), sy = std::sin(yaw), cp = std::cos(pitch), sp = std::sin(pitch);
  const auto about_y = torch::tensor({cy, 0., sy, 0., 1., 0., -sy, 0., cy}, torch::kDouble).view({3, 3});
  const auto about_x = torch::tensor({1., 0., 0., 0., cp, -sp, 0., sp, cp}, torch::kDouble).view({3, 3});
  const auto centre = torch::tensor({0., 0., 1.}, points.options());
  return (points - centre).matmul(about_x.matmul(about_y).to(points.options()).t()) + centre;
}

void expect_same(const Rasterized& a, const Rasterized& b, double tolerance) {
  // Where both agree on the triangle everything must agree; rounding may hand single pixels to a neighbour.
  const auto same = a.faces.eq(b.faces);
  EXPECT_GE(same.to(torch::kFloat).mean().item<double>(), 0.9995);
  EXPECT_LE(((a.image - b.image) * same.unsqueeze(1)).abs().max().item<double>(), tolerance);
  EXPECT_LE(((a.depth - b.depth) * same).abs().max().item<double>(), tolerance);
}

class Rasterize : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Barycentrics, Rasterize, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "PerspectiveCorrect" : "Affine"; });

TEST_P(Rasterize, KernelEqualsReference) {
  const auto options = options_for(96, GetParam());
  for (const double yaw : {0.0, 0.5, -0.9, 1.5, 3.0}) {
    const auto points = turned(grid_at(smooth_depth(2, 96)), yaw, 0.2), colours = torch::rand({2, 96, 96, 3});
    const auto kernel = rasterize(points, colours, options);
    expect_same(kernel, rasterize(points, colours, options, Implementation::reference), 1e-3);
  }
}

TEST_P(Rasterize, KernelEqualsReferenceOnWildMeshes) {
  const auto options = options_for(33, GetParam());
  for (int i = 0; i < 8; ++i) {
    auto points = torch::randn({2, 19, 35, 3});
    points.select(3, 2).add_(1.0);                   // Part of it behind the camera.
    points.slice(1, 3, 5).select(3, 0).fill_(0.01);  // Triangles without extent.
    points.slice(1, 7, 8).slice(2, 4, 9).fill_(NAN);
    points.slice(1, 9, 10).slice(2, 4, 9).fill_(INFINITY);
    points.slice(1, 12, 13).slice(2, 0, 9).select(3, 2).fill_(0);
    points.slice(3, 0, 2).mul_(0.05);
    const auto colours = torch::rand({2, 19, 35, 2});
    const auto kernel = rasterize(points, colours, options);
    const auto reference = rasterize(points, colours, options, Implementation::reference);
    const auto same = kernel.faces.eq(reference.faces);
    EXPECT_GE(same.to(torch::kFloat).mean().item<double>(), 0.995);
    EXPECT_TRUE(kernel.image.isfinite().all().item<bool>());
    EXPECT_TRUE(kernel.depth.isfinite().all().item<bool>());
    EXPECT_GT(kernel.faces.ge(0).sum().item<int64_t>(), 100);
  }
}

TEST_P(Rasterize, GradientEqualsReference) {
  const auto options = options_for(64, GetParam());
  const auto points = turned(grid_at(smooth_depth(2, 64, torch::kDouble)), 0.6, -0.1),
             colours = torch::rand({2, 64, 64, 3}, torch::kDouble);
  const auto weight = torch::randn({2, 3, 64, 64}, torch::kDouble),
             depth_weight = torch::randn({2, 64, 64}, torch::kDouble);
  std::vector<torch::Tensor> gradients;
  for (const auto implementation : {Implementation::fused, Implementation::reference}) {
    const auto p = points.clone().requires_grad_(), c = colours.clone().requires_grad_();
    const auto drawn = rasterize(p, c, options, implementation);
    ((drawn.image * weight).sum() + (drawn.depth * depth_weight).sum()).backward();
    gradients.push_back(p.grad());
    gradients.push_back(c.grad());
  }
  EXPECT_LE(((gradients[0] - gradients[2]).norm() / gradients[2].norm()).item<double>(), 1e-9);
  EXPECT_LE(((gradients[1] - gradients[3]).norm() / gradients[3].norm()).item<double>(), 1e-9);
}

TEST_P(Rasterize, GradientEqualsCentralDifferences) {
  const auto options = options_for(24, GetParam());
  const auto points = turned(grid_at(smooth_depth(1, 16, torch::kDouble)), 0.4, 0.1),
             colours = torch::rand({1, 16, 16, 2}, torch::kDouble);
  const auto weight = torch::randn({1, 2, 24, 24}, torch::kDouble);
  const auto loss = [&](const torch::Tensor& p, const torch::Tensor& c, const torch::Tensor& keep) {
    const auto drawn = rasterize(p, c, options);
    return ((drawn.image * weight).sum(1) * keep + drawn.depth * keep).sum();
  };
  // Only pixels that show the same triangle under every small change: elsewhere the picture jumps and has no
  // derivative.
  const double step = 1e-7;
  const auto faces = rasterize(points, colours, options).faces;
  auto keep = torch::ones({1, 24, 24}, torch::kBool);
  const auto direction = torch::randn_like(points), colour_direction = torch::randn_like(colours);
  for (const double sign : {-1.0, 1.0})
    keep = keep.logical_and(rasterize(points + sign * step * direction, colours, options).faces.eq(faces));
  EXPECT_GT(keep.sum().item<int64_t>(), 400);

  const auto p = points.clone().requires_grad_(), c = colours.clone().requires_grad_();
  loss(p, c, keep).backward();
  const double numeric = (loss(points + step * direction, colours + step * colour_direction, keep) -
                          loss(points - step * direction, colours - step * colour_direction, keep))
                             .item<double>() /
                         (2 * step);
  const double analytic = ((p.grad() * direction).sum() + (c.grad() * colour_direction).sum()).item<double>();
  EXPECT_NEAR(analytic, numeric, 1e-4 * std::abs(numeric));
}

TEST(RasterizeProperties, SameBitsForAnyNumberOfThreads) {
  const auto options = options_for(128);
  const auto points = turned(grid_at(smooth_depth(3, 128)), 0.5, 0.1), colours = torch::rand({3, 128, 128, 3});
  const auto weight = torch::randn({3, 3, 128, 128});
  const int before = at::get_num_threads();
  std::vector<torch::Tensor> first;
  for (const int threads : {1, 2, 3, 5}) {
    at::set_num_threads(threads);
    const auto p = points.clone().requires_grad_(), c = colours.clone().requires_grad_();
    const auto drawn = rasterize(p, c, options);
    ((drawn.image * weight).sum() + drawn.depth.sum()).backward();
    const std::vector<torch::Tensor> results = {drawn.image, drawn.depth, drawn.faces, p.grad(), c.grad()};
    if (first.empty()) first = results;
    for (size_t i = 0; i < results.size(); ++i)
      EXPECT_TRUE(torch::equal(results[i], first[i])) << threads << " threads, result " << i;
  }
  at::set_num_threads(before);
}

TEST(RasterizeProperties, BatchDoesNotChangeAnImage) {
  const auto options = options_for(64);
  const auto points = turned(grid_at(smooth_depth(4, 64)), 0.3, 0), colours = torch::rand({4, 64, 64, 3});
  const auto together = rasterize(points, colours, options);
  for (int64_t b = 0; b < 4; ++b) {
    const auto alone = rasterize(points.slice(0, b, b + 1), colours.slice(0, b, b + 1), options);
    EXPECT_TRUE(torch::equal(alone.image[0], together.image[b]));
    EXPECT_TRUE(torch::equal(alone.depth[0], together.depth[b]));
  }
}

TEST(RasterizeProperties, AttributeLayoutDoesNotMatter) {
  const auto options = options_for(32);
  const auto points = grid_at(smooth_depth(2, 32)), planar = torch::rand({2, 3, 32, 32});
  const auto a = planar.clone().requires_grad_(), b = planar.permute({0, 2, 3, 1}).contiguous().requires_grad_();
  const auto from_planar = rasterize(points, a.permute({0, 2, 3, 1}), options),
             from_packed = rasterize(points, b, options);
  EXPECT_TRUE(torch::equal(from_planar.image, from_packed.image));
  from_planar.image.square().sum().backward();
  from_packed.image.square().sum().backward();
  EXPECT_TRUE(torch::equal(a.grad(), b.grad().permute({0, 3, 1, 2})));
  const auto constant = rasterize(points, torch::full({1}, 0.25f).expand({2, 32, 32, 3}), options);
  EXPECT_NEAR(constant.image.max().item<double>(), 0.25, 1e-4);
}

/// A flat plate without rotation puts every pixel centre of the anti-diagonal on a common edge; none may be lost.
TEST(RasterizeProperties, NoHolesOnSharedDiagonals) {
  for (const int64_t size : {4, 16, 64, 256}) {
    for (const double z : {0.9, 1.0, 1.07}) {
      const auto drawn =
          rasterize(grid_at(torch::full({1, size, size}, z)), torch::zeros({1, size, size, 1}), options_for(size));
      EXPECT_EQ(drawn.faces.lt(0).sum().item<int64_t>(), 0) << size << " at depth " << z;
    }
  }
}

/// Projected border vertices of an H×W×3 grid, once around.
std::vector<std::array<double, 2>> outline_of(const torch::Tensor& points) {
  const auto rows = points.size(0), columns = points.size(1);
  const auto projected = (points.slice(2, 0, 2) / points.slice(2, 2) * kFocal).to(torch::kDouble).contiguous();
  const auto at = projected.accessor<double, 3>();
  std::vector<std::array<double, 2>> outline;
  const auto add = [&](int64_t r, int64_t c) { outline.push_back({at[r][c][0], at[r][c][1]}); };
  for (int64_t c = 0; c + 1 < columns; ++c) add(0, c);
  for (int64_t r = 0; r + 1 < rows; ++r) add(r, columns - 1);
  for (int64_t c = columns - 1; c > 0; --c) add(rows - 1, c);
  for (int64_t r = rows - 1; r > 0; --r) add(r, 0);
  return outline;
}

int winding_number(const std::vector<std::array<double, 2>>& outline, double x, double y) {
  int winding = 0;
  for (size_t i = 0; i < outline.size(); ++i) {
    const auto &a = outline[i], &b = outline[(i + 1) % outline.size()];
    const double side = (b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1]);
    if (a[1] <= y && b[1] > y && side > 0) ++winding;
    if (a[1] > y && b[1] <= y && side < 0) --winding;
  }
  return winding;
}

/// A continuous mesh covers every point its outline winds around, however it is folded: such a pixel may not show
/// background.
TEST(RasterizeProperties, NoHolesInsideTheOutline) {
  constexpr int64_t size = 160;
  int64_t background = 0;
  for (int i = 0; i < 12; ++i) {
    auto depth = smooth_depth(1, 128);
    if (i >= 8) depth += 0.05 * torch::rand_like(depth);  // Rough: folds everywhere.
    const auto points = turned(grid_at(depth), 0.9 * std::sin(i), 0.4 * std::cos(3 * i));
    const auto faces = rasterize(points, torch::zeros({1, 128, 128, 1}), options_for(size)).faces;
    const auto outline = outline_of(points[0]);
    const auto at = faces.accessor<int32_t, 3>();
    for (int64_t y = 0; y < size; ++y) {
      for (int64_t x = 0; x < size; ++x) {
        if (at[0][y][x] >= 0) continue;
        ++background;
        EXPECT_EQ(winding_number(outline, (2 * x + 1) / 160.0 - 1, (2 * y + 1) / 160.0 - 1), 0)
            << "view " << i << " pixel " << x << ", " << y;
      }
    }
  }
  EXPECT_GT(background, 1000);
}

TEST(RasterizeProperties, NearerWinsAndLowerIndexBreaksTies) {
  // A strip folded back onto itself: columns 0–1 go right, 1–2 come back at the same or another depth.
  for (const double second : {1.0, 0.95}) {
    auto points = torch::zeros({1, 2, 3, 3});
    const double reach = 1.0 / kFocal;
    for (int64_t r = 0; r < 2; ++r) {
      for (int64_t c = 0; c < 3; ++c) {
        const double z = c == 2 ? second : 1.0, x = c == 1 ? reach : -reach, y = r == 0 ? -reach : reach;
        points[0][r][c] = torch::tensor({x * z, y * z, z});
      }
    }
    const auto faces = rasterize(points, torch::zeros({1, 2, 3, 1}), options_for(16)).faces;
    // Quad 0 holds triangles 0 and 2, quad 1 triangles 1 and 3. Where all is equal the lower number shows.
    const auto in_second = faces.remainder(2).eq(1);
    if (second < 1.0) {
      EXPECT_TRUE(in_second.all().item<bool>());
    } else {
      EXPECT_TRUE(in_second.any().item<bool>());     // Triangle 1 lies over triangle 2 in one corner.
      EXPECT_EQ(faces[0][1][2].item<int32_t>(), 0);  // Triangles 0 and 1 over each other: 0 wins.
    }
  }
}

TEST(RasterizeProperties, InterpolatesDepthAndColour) {
  // A plane whose depth grows to the right, coloured by its own image position: both are linear in the image.
  const auto ramp = torch::linspace(-1, 1, 64);
  const auto points = grid_at(torch::ones({1, 64, 64}));
  const auto colours =
      torch::stack({ramp.view({1, 64}).expand({64, 64}), ramp.view({64, 1}).expand({64, 64})}, 2).unsqueeze(0);
  const auto drawn = rasterize(points, colours, options_for(32));
  const auto centre = (2 * torch::arange(32) + 1) / 32.0 - 1;
  test::expect_close("x", drawn.image[0][0], centre.view({1, 32}).expand({32, 32}), 3e-4);
  test::expect_close("y", drawn.image[0][1], centre.view({32, 1}).expand({32, 32}), 3e-4);
  test::expect_close("depth", drawn.depth[0], torch::ones({32, 32}), 3e-4);
}

TEST(RasterizeProperties, EmptyAndInvisible) {
  const auto empty = rasterize(torch::zeros({0, 4, 4, 3}), torch::zeros({0, 4, 4, 3}), options_for(8));
  EXPECT_EQ(empty.image.size(0), 0);
  for (const double z : {-1.0, 0.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    auto points = torch::full({1, 40, 40, 3}, z).requires_grad_();
    const auto drawn = rasterize(points, torch::zeros({1, 40, 40, 3}), options_for(16));
    EXPECT_TRUE(drawn.image.eq(1).all().item<bool>());
    EXPECT_TRUE(drawn.depth.sub(1.2).abs().lt(1e-6).all().item<bool>());
    drawn.image.sum().backward();
    EXPECT_TRUE(points.grad().eq(0).all().item<bool>());
  }
}

TEST(RasterizeProperties, ErrorsNameTheArgument) {
  const auto points = torch::zeros({1, 4, 4, 3}), colours = torch::zeros({1, 4, 4, 3});
  EXPECT_THROW(rasterize(torch::zeros({4, 4, 3}), colours, options_for(8)), Error);
  EXPECT_THROW(rasterize(points, torch::zeros({1, 5, 4, 3}), options_for(8)), Error);
  EXPECT_THROW(rasterize(points, colours.to(torch::kDouble), options_for(8)), Error);
  EXPECT_THROW(rasterize(points, colours, options_for(0)), Error);
  auto wrong = options_for(8);
  wrong.background = {1, 2};
  EXPECT_THROW(rasterize(points, colours, wrong), Error);
}

TEST(RasterizeProperties, RefusesToBeDifferentiatedTwice) {
  const auto points = grid_at(smooth_depth(1, 8)).requires_grad_(),
             colours = torch::rand({1, 8, 8, 1}).requires_grad_();
  const auto image = rasterize(points, colours, options_for(8)).image.square().sum();
  const auto first = torch::autograd::grad({image}, {colours}, {}, true, /*create_graph=*/true)[0];
  EXPECT_THROW(torch::autograd::grad({first.sum()}, {points}), std::exception);
}

}  // namespace
}  // namespace lifted::ops
