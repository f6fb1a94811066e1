// The renderer against tensors computed by the authors' code (see tests/data/README.md).
#include <gtest/gtest.h>

#include "lifted/formats/safetensors.h"
#include "lifted/scene/contour_clip.h"
#include "lifted/scene/normals.h"
#include "lifted/scene/renderer.h"
#include "tests/support/golden.h"

namespace lifted::scene {
namespace {

using test::expect_close;

Renderer golden_renderer(int64_t size, bool reference = false) {
  RendererConfig config;
  config.size = size;
  config.clip_render_grad = false;
  config.reference = reference;
  return Renderer(config);
}

/// Gradients: relative error of the whole tensor in norm.
void expect_gradient(const std::string& name, const torch::Tensor& actual, const torch::Tensor& expected,
                     double tolerance) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
  const auto wanted = expected.to(torch::kFloat);  // Some are stored as f16.
  const double error = ((actual - wanted).norm() / wanted.norm()).item<double>();
  std::printf("  %-34s relative error in norm %.3e\n", name.c_str(), error);
  EXPECT_LT(error, tolerance) << name;
}

/// Pixels where the published renderer leaves holes (its background inside our mesh): excluded from comparison and
/// counted.
torch::Tensor published_holes(const RenderedMesh& mesh, const torch::Tensor& expected_depth, double background_depth) {
  return expected_depth.ge(background_depth - 1e-4).logical_and(mesh.faces.ge(0)).unsqueeze(1);
}

struct Inputs {
  torch::Tensor depth, texture, view, mask;
};

class Golden : public ::testing::TestWithParam<bool> {
 protected:
  /// Renders and compares one golden case: image, depth, and the gradients of both.
  void compare_case(const StateDict& golden, const std::string& size, const std::string& prefix, double tolerance) {
    const Renderer renderer = golden_renderer(std::stoll(size), GetParam());
    const auto get = [&](const std::string& name) { return golden.at("s" + size + "_" + name); };
    Inputs in = {get("depth").clone().requires_grad_(), get("texture").clone().requires_grad_(), get("view"), {}};
    const bool masked = !prefix.empty();
    if (masked) in.mask = get("mask").clone().requires_grad_();
    const auto mesh = renderer.render(in.depth, in.texture, in.view, in.mask);

    const auto expected_depth = get(prefix + "out_depth");
    const auto keep = published_holes(mesh, expected_depth, renderer.config().background_depth()).logical_not();
    std::printf("  %s%s: %lld published holes excluded\n", size.c_str(), prefix.c_str(),
                static_cast<long long>(keep.logical_not().sum().item<int64_t>()));
    expect_close(prefix + "image", mesh.image * keep, get(prefix + "image") * keep, 2e-3, 0.999, 1e-4);
    expect_close(prefix + "out_depth", mesh.depth * keep.squeeze(1), expected_depth * keep.squeeze(1), 2e-3, 0.999,
                 1e-4);

    const auto weight = get("grad_weight");
    (mesh.image * weight).sum().backward({}, /*keep_graph=*/true);
    expect_gradient(prefix + "grad_depth", in.depth.grad(), get(prefix + "grad_depth"), tolerance);
    expect_gradient(prefix + "grad_texture", in.texture.grad(), get(prefix + "grad_texture"),
                    size == "256" ? 1e-3 : tolerance);
    if (masked) {
      expect_gradient(prefix + "grad_mask", in.mask.grad(), get("masked_grad_mask"), tolerance);
    } else {
      in.depth.mutable_grad() = torch::Tensor();
      (mesh.depth * weight.select(1, 0)).sum().backward();
      expect_gradient("grad_depth_of_depth", in.depth.grad(), get("grad_depth_of_depth"), tolerance);
    }
  }
};

TEST_P(Golden, Size64) {
  compare_case(formats::read_safetensors(test::data_file("renderer_s64.safetensors")), "64", "", 1e-3);
}

TEST_P(Golden, Size64WithTransformMap) {
  compare_case(formats::read_safetensors(test::data_file("renderer_s64.safetensors")), "64", "masked_", 1e-3);
}

TEST_P(Golden, Size256) {
  if (GetParam()) GTEST_SKIP() << "the reference is compared at 64² only: it takes many seconds here";
  LIFTED_GOLDEN_OR_SKIP(path, "renderer.safetensors");
  compare_case(formats::read_safetensors(path), "256", "", 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Rasterizer, Golden, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Reference" : "Kernel"; });

TEST(RendererGolden, Geometry) {
  const auto golden = formats::read_safetensors(test::data_file("renderer_s64.safetensors"));
  const Renderer renderer = golden_renderer(64);
  const auto view = golden.at("s64_view");
  expect_close("rot_mat", rotation_matrix(view.slice(1, 0, 3)), golden.at("s64_rot_mat"), 1e-6);
  const auto grid = renderer.warped_2d_grid(golden.at("s64_depth"), view);
  expect_close("grid2d", grid.slice(1, 0, 64, 4).slice(2, 0, 64, 4), golden.at("s64_grid2d"), 1e-5);
}

TEST(RendererGolden, Normals) {
  const auto golden = formats::read_safetensors(test::data_file("renderer_s64.safetensors"));
  const auto depth = golden.at("s64_depth").clone().requires_grad_();
  const auto normal = golden_renderer(64).normals(depth);
  expect_close("normal", normal, golden.at("s64_normal"), 1e-3, 1.0, 1e-4);
  (normal * golden.at("s64_normal_grad_weight")).sum().backward();
  expect_gradient("grad_depth_of_normal", depth.grad(), golden.at("s64_grad_depth_of_normal"), 1e-3);
}

TEST(RendererGolden, RenderYaw) {
  const auto golden = formats::read_safetensors(test::data_file("renderer_s64.safetensors"));
  const Renderer renderer = golden_renderer(64);
  YawOptions options;
  options.view_before = torch::zeros({2, 6});
  options.view_before.select(1, 0).fill_(-0.1 * 60 * M_PI / 180);
  options.count = 5;
  const auto turned = renderer.render_yaw(golden.at("s64_texture"), golden.at("s64_depth"), options);
  expect_close("render_yaw", turned, golden.at("s64_render_yaw"), 2e-3, 0.999, 3e-4);

  YawOptions cropped;
  cropped.view_after = golden.at("s64_view");
  cropped.angles = {0.3};
  cropped.crop = {3, 5, 2, 4};
  const auto image = renderer.render_yaw(golden.at("s64_texture"), golden.at("s64_depth"), cropped);
  expect_close("render_yaw_crop", image, golden.at("s64_render_yaw_crop"), 2e-3, 0.999, 1e-4);
}

TEST(RendererGolden, ContourClip) {
  const auto golden = formats::read_safetensors(test::data_file("renderer_s64.safetensors"));
  EXPECT_TRUE(torch::equal(without_contour(golden.at("s64_clip_grad_in")), golden.at("s64_clip_grad_out")));
  auto depth = torch::ones({2, 64, 64}).requires_grad_();
  (clip_contour_gradient(depth) * golden.at("s64_clip_grad_in")).sum().backward();
  EXPECT_TRUE(torch::equal(depth.grad(), golden.at("s64_clip_grad_out")));
}

/// LiftedGAN.render and its sweeps, from golden estimates.
TEST(RendererGolden, RenderLit) {
  LIFTED_GOLDEN_OR_SKIP(estimate_path, "estimate.safetensors");
  LIFTED_GOLDEN_OR_SKIP(render_path, "render.safetensors");
  const auto estimate = formats::read_safetensors(estimate_path), golden = formats::read_safetensors(render_path);
  const Renderer renderer{RendererConfig{}};
  LitScene scene = {estimate.at("canon_depth"), estimate.at("canon_albedo"), estimate.at("canon_light"),
                    estimate.at("view"), estimate.at("trans_map")};
  const auto lit = renderer.render_lit(scene);
  const auto keep = published_holes(lit.mesh, golden.at("recon_depth"), 1.2).logical_not();
  std::printf("  %lld published holes excluded\n", static_cast<long long>(keep.logical_not().sum().item<int64_t>()));
  expect_close("recon_im", lit.mesh.image * keep, golden.at("recon_im") * keep, 2e-3, 0.999, 1e-4);
  expect_close("recon_depth", lit.mesh.depth * keep.squeeze(1), golden.at("recon_depth") * keep.squeeze(1), 2e-3, 0.999,
               1e-4);
  expect_close("recon_im_mask", lit.mesh.mask * keep, golden.at("recon_im_mask") * keep, 0, 0.999);
  expect_close("canon_im", lit.canonical_image.slice(0, 0, 1), golden.at("canon_im"), 2e-3, 0.999, 1e-4);
  expect_close("canon_normal", lit.normals.slice(0, 0, 1), golden.at("canon_normal"), 2e-3, 0.999, 1e-4);
  expect_close("canon_shading", lit.shading.slice(0, 0, 1), golden.at("canon_shading"), 2e-3, 0.999, 1e-4);

  scene.depth = scene.depth.flip(2);
  scene.albedo = scene.albedo.flip(3);
  const auto flipped = renderer.render_lit(scene);
  const auto hole =
      golden.at("recon_im_flip").eq(1).all(1, true).logical_and(flipped.mesh.faces.slice(0, 0, 1).ge(0).unsqueeze(1));
  const auto kept = hole.logical_not();
  std::printf("  %lld published holes excluded\n", static_cast<long long>(hole.sum().item<int64_t>()));
  expect_close("recon_im_flip", flipped.mesh.image.slice(0, 0, 1) * kept, golden.at("recon_im_flip") * kept, 2e-3,
               0.999, 1e-4);
  expect_close("recon_im_mask_flip", flipped.mesh.mask, golden.at("recon_im_mask_flip"), 0, 0.998);
}

TEST(RendererGolden, Sweeps) {
  LIFTED_GOLDEN_OR_SKIP(estimate_path, "estimate.safetensors");
  LIFTED_GOLDEN_OR_SKIP(sweeps_path, "sweeps.safetensors");
  const auto estimate = formats::read_safetensors(estimate_path), golden = formats::read_safetensors(sweeps_path);
  const Renderer renderer{RendererConfig{}};
  const auto first = [&](const char* name, int64_t count) {
    const auto tensor = estimate.at(name).slice(0, 0, 1);
    std::vector<int64_t> sizes = tensor.sizes().vec();
    sizes[0] = count;
    return tensor.expand(sizes);
  };
  const auto compare = [&](const char* name, const torch::Tensor& view, const torch::Tensor& light, bool with_map) {
    const auto count = view.size(0);
    const auto lit = renderer.render_lit({first("canon_depth", count), first("canon_albedo", count), light, view,
                                          with_map ? first("trans_map", count) : torch::Tensor()});
    const auto expected = golden.at(name);
    const auto keep = expected.eq(1).all(1, true).logical_and(lit.mesh.faces.ge(0).unsqueeze(1)).logical_not();
    std::printf("  %lld published holes excluded\n", static_cast<long long>(keep.logical_not().sum().item<int64_t>()));
    expect_close(name, lit.mesh.image * keep, expected * keep, 2e-3, 0.999,
                 5e-4);  // Stored as f16: 5e-4 of a value near 1.
  };
  for (int64_t i = 0; i < 3; ++i) {
    expect_close("yaw_view", yaw_view(golden.at("yaw_angles")[i].item<double>()), golden.at("yaw_views")[i], 1e-6);
  }
  for (int64_t i = 0; i < 2; ++i) {
    expect_close("pitch_view", pitch_view(golden.at("pitch_angles")[i].item<double>()), golden.at("pitch_views")[i],
                 1e-6);
    expect_close("sweep_light", sweep_light(golden.at("light_angles")[i].item<double>()), golden.at("light_lights")[i],
                 1e-6);
  }
  compare("yaw_recon_im", golden.at("yaw_views"), first("canon_light", 3), true);
  compare("pitch_recon_im", golden.at("pitch_views"), first("canon_light", 2), true);
  compare("light_recon_im", first("view", 2), golden.at("light_lights"), true);
  compare("nolight_notrans_recon_im", first("view", 1), torch::Tensor(), false);
}

}  // namespace
}  // namespace lifted::scene
