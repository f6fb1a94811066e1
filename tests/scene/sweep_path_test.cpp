// Paths of sweeps, and pictures of another size than the depth map.
#include "lifted/scene/sweep_path.h"

#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "lifted/scene/resolution.h"

namespace lifted::scene {
namespace {

TEST(Easing, KeepsEndsAndMiddleAndStartsAtRest) {
  const std::vector<double> even = {-40, -20, 0, 20, 40};
  EXPECT_EQ(eased(even, Easing::linear), even);
  const std::vector<double> smooth = eased(even, Easing::smooth);
  EXPECT_DOUBLE_EQ(smooth.front(), -40);
  EXPECT_DOUBLE_EQ(smooth.back(), 40);
  EXPECT_NEAR(smooth[2], 0, 1e-12);
  EXPECT_LT(smooth[1] - smooth[0], 20 * 0.6) << "slow at first";
  EXPECT_EQ(eased(std::vector<double>{3, 4}, Easing::smooth), (std::vector<double>{3, 4}));
}

TEST(Turntable, IsAClosedEllipse) {
  const std::vector<double> places = turntable_places(4);
  EXPECT_EQ(places, (std::vector<double>{0, 90, 180, 270}));
  const torch::Tensor rows = sweep_rows(SweepAxis::turntable, places, {.yaw = 20, .pitch = 8});
  const torch::Tensor expected = torch::stack({pitch_view(8), yaw_view(20), pitch_view(-8), yaw_view(-20)});
  EXPECT_TRUE(torch::allclose(rows, expected, 0, 1e-6)) << rows;
}

TEST(SweepRows, AreThePublishedViewsAndLights) {
  EXPECT_TRUE(torch::equal(sweep_rows(SweepAxis::yaw, {-10, 5})[1], yaw_view(5)));
  EXPECT_TRUE(torch::equal(sweep_rows(SweepAxis::light, {30})[0], sweep_light(30)));
}

RendererConfig config_of(int64_t size) {
  RendererConfig config;
  config.size = size;
  return config;
}

/// A bump with a coloured texture.
LitScene bumps(int64_t size) {
  const torch::Tensor axis = torch::linspace(-1, 1, size);
  const torch::Tensor radius = axis.square().unsqueeze(0) + axis.square().unsqueeze(1);
  LitScene scene;
  scene.depth = (1.05 - 0.1 * torch::exp(-3 * radius)).unsqueeze(0);
  scene.albedo = torch::stack({axis.expand({size, size}), axis.unsqueeze(1).expand({size, size}), 0.5 - radius / 2})
                     .unsqueeze(0)
                     .contiguous();
  scene.light = torch::tensor({{0.2F, 0.6F, 0.5F, -0.3F}});
  scene.view = yaw_view(12).unsqueeze(0);
  return scene;
}

TEST(DrawAt, OwnSizeIsTheRendererItself) {
  const Renderer renderer(config_of(32));
  EXPECT_TRUE(torch::equal(draw_at(renderer, bumps(32), 32).image, renderer.render_lit(bumps(32)).mesh.image));
}

TEST(DrawAt, OtherSizesShowTheSamePicture) {
  const Renderer renderer(config_of(64));
  const torch::Tensor own = renderer.render_lit(bumps(64)).mesh.image;
  const torch::Tensor large = draw_at(renderer, bumps(64), 192).image;
  ASSERT_EQ(large.sizes(), (std::vector<int64_t>{1, 3, 192, 192}));
  const torch::Tensor difference = (torch::adaptive_avg_pool2d(large, {64, 64}) - own).abs();
  EXPECT_LT(difference.mean().item<double>(), 0.03);
  const RenderedMesh small = draw_at(renderer, bumps(64), 16);
  EXPECT_TRUE(torch::allclose(small.image, torch::adaptive_avg_pool2d(own, {16, 16})));
  EXPECT_EQ(small.mask.size(3), 16);
  EXPECT_EQ(small.depth.size(2), 16);
  EXPECT_THROW(draw_at(renderer, bumps(64), 2), Error);
  EXPECT_THROW(draw_at(renderer, bumps(64), 5000), Error);
}

}  // namespace
}  // namespace lifted::scene
