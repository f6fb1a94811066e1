// The renderer on scenes whose picture is known, and its fused path against the composed one.
#include "lifted/scene/renderer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lifted/base/error.h"
#include "lifted/scene/depth_grid.h"
#include "tests/support/golden.h"

namespace lifted::scene {
namespace {

using test::expect_close;

Renderer make_renderer(int64_t size) {
  RendererConfig config;
  config.size = size;
  return Renderer(config);
}

torch::Tensor smooth(int64_t batch, int64_t channels, int64_t size, torch::ScalarType type = torch::kFloat) {
  return torch::upsample_bicubic2d(torch::rand({batch, channels, 6, 6}, type), {size, size}, true);
}

LitScene random_scene(int64_t batch, int64_t size, torch::ScalarType type = torch::kFloat) {
  return {0.92 + 0.15 * smooth(batch, 1, size, type).squeeze(1), smooth(batch, 3, size, type) * 2 - 1,
          torch::rand({batch, 4}, type) - 0.5, 0.4 * (torch::rand({batch, 6}, type) - 0.5),
          smooth(batch, 1, size, type).clamp(0, 1)};
}

TEST(Renderer, ViewZeroResamplesTheTexture) {
  const auto renderer = make_renderer(64);
  const auto texture = smooth(1, 3, 64) * 2 - 1;
  const auto mesh = renderer.render(0.9 + 0.2 * smooth(1, 1, 64).squeeze(1), texture, torch::zeros({1, 6}));
  // Pixel i shows grid coordinate (i + ½)(S − 1)/S; grid_sample's −1 … 1 are the outermost samples.
  const auto centre = (2 * torch::arange(64) + 1) / 64.0 - 1;
  const auto at =
      torch::stack({centre.view({1, 64}).expand({64, 64}), centre.view({64, 1}).expand({64, 64})}, 2).unsqueeze(0);
  const auto expected = torch::grid_sampler(texture, at, 0, 0, true);  // bilinear, zeros outside
  expect_close("image", mesh.image, expected, 5e-3, 1.0, 1e-3);
  EXPECT_TRUE(mesh.mask.eq(1).all().item<bool>());
}

TEST(Renderer, FlatPlateTurnsLikeAPlate) {
  // A plate at the rotation centre, turned by 30° about the vertical axis: half of it comes nearer by sin 30°.
  const auto renderer = make_renderer(128);
  auto view = torch::zeros({1, 6});
  view[0][1] = M_PI / 6;
  const auto mesh = renderer.render(torch::ones({1, 128, 128}), torch::zeros({1, 3, 128, 128}), view);
  const double focal = renderer.camera().image_focal();
  for (const int64_t x : {30, 50, 80, 100}) {
    const double u =
        ((2 * x + 1) / 128.0 - 1) / focal;  // Ray (u, 0, 1) meets the plane n·(p − c) = 0 with n = (sin, 0, cos).
    const double expected = std::cos(M_PI / 6) / (u * std::sin(M_PI / 6) + std::cos(M_PI / 6));
    EXPECT_NEAR(mesh.depth[0][64][x].item<double>(), expected, 1e-4) << "column " << x;
  }
  EXPECT_GT(mesh.depth[0][64][30].item<double>(), mesh.depth[0][64][100].item<double>());
  EXPECT_NEAR(mesh.depth[0][64][2].item<double>(), 1.2, 1e-6);  // Foreshortened: the sides show background,
  EXPECT_EQ(mesh.mask[0][0][64][2].item<float>(), 0);           // which is masked
  EXPECT_EQ(mesh.image[0][0][64][2].item<float>(), 1);          // and white.
}

TEST(Renderer, TranslationMovesContent) {
  const auto renderer = make_renderer(64);
  auto texture = torch::zeros({1, 1, 64, 64});
  texture[0][0].slice(0, 28, 36).slice(1, 28, 36).fill_(1);
  const auto where = [&](std::vector<float> view) {
    RendererConfig config = renderer.config();
    config.background = {0};
    const auto image =
        Renderer(config).render(torch::ones({1, 64, 64}), texture, torch::tensor(view).view({1, 6})).image[0][0];
    const auto line = torch::arange(64).to(torch::kFloat);
    return std::pair{(image.sum(0) * line).sum().item<float>() / image.sum().item<float>(),
                     (image.sum(1) * line).sum().item<float>() / image.sum().item<float>()};
  };
  const auto [x0, y0] = where({0, 0, 0, 0, 0, 0});
  // One unit of translation at depth 1 is image_focal · S / 2 pixels.
  const double pixels = 0.01 * renderer.camera().image_focal() * 32;
  EXPECT_NEAR(where({0, 0, 0, 0.01f, 0, 0}).first - x0, pixels, 0.05);
  EXPECT_NEAR(where({0, 0, 0, 0, 0.01f, 0}).second - y0, pixels, 0.05);
}

TEST(Renderer, TransformMapZeroKeepsTheImageStill) {
  const auto renderer = make_renderer(32);
  const auto scene = random_scene(1, 32);
  const auto still = renderer.render(scene.depth, scene.albedo, torch::full({1, 6}, 0.3), torch::zeros({1, 1, 32, 32}));
  const auto neutral = renderer.render(scene.depth, scene.albedo, torch::zeros({1, 6}));
  expect_close("image", still.image, neutral.image, 1e-4);
}

TEST(Renderer, FusedPathEqualsComposedOperations) {
  for (const bool unit_normals : {false, true}) {
    RendererConfig config;
    config.size = 64;
    config.unit_normals = unit_normals;
    const Renderer renderer(config);
    auto scene = random_scene(3, 64);
    const auto fused = renderer.render_lit(scene);
    const auto fused_vertices = renderer.warp(scene.depth, scene.view, scene.transform_map);
    scene.depth = scene.depth.clone().requires_grad_();
    const auto composed = renderer.render_lit(scene);
    ASSERT_TRUE(composed.normals.requires_grad());
    expect_close("vertices", fused_vertices, renderer.warp(scene.depth, scene.view, scene.transform_map), 2e-6);
    expect_close("normals", fused.normals, composed.normals, 2e-5);
    expect_close("shading", fused.shading, composed.shading, 2e-5);
    expect_close("canonical_image", fused.canonical_image, composed.canonical_image, 4e-5);
    expect_close("image", fused.mesh.image, composed.mesh.image, 1e-3, 0.999, 1e-5);
    expect_close("depth", fused.mesh.depth, composed.mesh.depth, 1e-4, 0.999, 1e-6);
  }
}

TEST(Renderer, SupersamplingAveragesALargerPicture) {
  torch::manual_seed(8);
  RendererConfig config;
  config.size = 32;
  const Renderer plain(config);
  config.supersampling = 3;
  const Renderer fine(config);
  const auto scene = random_scene(2, 32);
  const auto once = plain.render_lit(scene), averaged = fine.render_lit(scene);
  EXPECT_TRUE(averaged.mesh.depth.equal(once.mesh.depth));
  EXPECT_TRUE(averaged.mesh.mask.equal(once.mesh.mask));
  EXPECT_TRUE(averaged.mesh.faces.equal(once.mesh.faces));
  EXPECT_FALSE(averaged.mesh.image.equal(once.mesh.image));
  // A white plate, turned: inside white, outside the background, on its contour what it covers of a pixel.
  config.background = {-1};
  const auto plate = Renderer(config).render(torch::ones({1, 32, 32}), torch::ones({1, 3, 32, 32}),
                                             torch::tensor({{0.0f, 0.5f, 0.3f, 0.0f, 0.0f, 0.0f}}));
  const auto grey = plate.image.gt(-0.99).logical_and(plate.image.lt(0.99)).sum().item<int64_t>();
  EXPECT_GT(grey, 3 * 16);
  EXPECT_NEAR(plate.image[0][0][16][16].item<float>(), 1, 1e-5);
  // Ninths of the way from the one to the other.
  const auto ninths = (plate.image + 1) / 2 * 9;
  EXPECT_LT((ninths - ninths.round()).abs().max().item<float>(), 1e-4);
  config.supersampling = 0;
  EXPECT_THROW(Renderer{config}, Error);
}

TEST(Renderer, WithoutLightShowsTheAlbedo) {
  auto scene = random_scene(1, 32);
  scene.light = torch::Tensor();
  const auto lit = make_renderer(32).render_lit(scene);
  EXPECT_TRUE(torch::equal(lit.canonical_image, scene.albedo));
  EXPECT_FALSE(lit.normals.defined());
}

/// Everything from raw light and view to the picture, in float64, along a random direction; only pixels that show the
/// same triangle on both sides of the step have a derivative.
TEST(Renderer, GradientEqualsCentralDifferences) {
  RendererConfig config;
  config.size = 24;
  config.clip_render_grad = false;
  const Renderer renderer(config);
  const auto base = random_scene(1, 24, torch::kDouble);
  LitScene direction = random_scene(1, 24, torch::kDouble);
  const auto moved = [&](double step) {
    return LitScene{base.depth + step * 0.1 * direction.depth, base.albedo + step * direction.albedo,
                    base.light + step * direction.light, base.view + step * direction.view,
                    base.transform_map + step * direction.transform_map};
  };
  const double step = 1e-7;
  const auto before = renderer.render_lit(moved(-step)).mesh, after = renderer.render_lit(moved(step)).mesh;
  const auto same = before.faces.eq(after.faces).unsqueeze(1);
  EXPECT_GT(same.sum().item<int64_t>(), 24 * 24 - 30);
  const auto weight = torch::randn({1, 3, 24, 24}, torch::kDouble) * same;
  const double numeric = ((after.image - before.image) * weight).sum().item<double>() / (2 * step);

  auto scene = moved(0);
  std::vector<torch::Tensor*> inputs = {&scene.depth, &scene.albedo, &scene.light, &scene.view, &scene.transform_map};
  for (auto* input : inputs) *input = input->clone().requires_grad_();
  (renderer.render_lit(scene).mesh.image * weight).sum().backward();
  const double analytic =
      (0.1 * (scene.depth.grad() * direction.depth).sum() + (scene.albedo.grad() * direction.albedo).sum() +
       (scene.light.grad() * direction.light).sum() + (scene.view.grad() * direction.view).sum() +
       (scene.transform_map.grad() * direction.transform_map).sum())
          .item<double>();
  EXPECT_NEAR(analytic, numeric, 1e-4 * std::abs(numeric));
}

TEST(Renderer, ErrorsNameTheArgument) {
  const auto renderer = make_renderer(16);
  const auto depth = torch::ones({1, 16, 16}), texture = torch::zeros({1, 3, 16, 16}), view = torch::zeros({1, 6});
  EXPECT_THROW(renderer.render(torch::ones({1, 17, 16}), texture, view), Error);
  EXPECT_THROW(renderer.render(depth, torch::zeros({1, 3, 8, 8}), view), Error);
  EXPECT_THROW(renderer.render(depth, texture, torch::zeros({1, 3})), Error);
  EXPECT_THROW(renderer.render(depth, texture, view, torch::ones({1, 16, 16})), Error);
  RendererConfig wrong;
  wrong.fov_degrees = 0;
  EXPECT_THROW(Renderer{wrong}, Error);
  YawOptions options;
  options.crop = {9, 9, 0, 0};
  EXPECT_THROW(renderer.render_yaw(texture, depth, options), Error);
}

}  // namespace
}  // namespace lifted::scene
