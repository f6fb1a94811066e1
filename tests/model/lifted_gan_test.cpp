#include "lifted/model/lifted_gan.h"

#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "lifted/nets/load.h"
#include "tests/support/golden.h"

namespace lifted::model {
namespace {

using test::expect_close;

LiftedGan small_gan(int size = 32) {
  nets::Stylegan2Config config;
  config.size = size;
  config.z_dim = config.w_dim = 32;
  config.mapping_layers = 2;
  for (int side = 4; side < size; side *= 2) config.channels.push_back(32);
  config.channels.push_back(16);
  WStatistics statistics;
  statistics.mean = torch::zeros({32});
  return {nets::Stylegan2Generator(config), LiftingNetworks(nets::LiftingConfig::at(size, 16, 32)),
          LiftConfig::at(size), statistics};
}

class LiftedGanTest : public ::testing::Test {
 protected:
  LiftedGanTest() { torch::manual_seed(3); }

  LiftedGan gan = small_gan();
  torch::Tensor w = torch::randn({3, 32});
};

TEST_F(LiftedGanTest, EstimateKeepsItsPromises) {
  torch::NoGradGuard no_grad;
  const Estimate e = gan.estimate(w);
  const LiftConfig& config = gan.config();
  EXPECT_GE(e.canon_depth.min().item<float>(), config.min_depth);
  EXPECT_LE(e.canon_depth.max().item<float>(), config.max_depth);
  for (const int64_t column : {0, 1, 30, 31}) {
    EXPECT_TRUE(e.canon_depth.select(2, column).allclose(torch::full({3, 32}, config.border_depth))) << column;
    EXPECT_EQ(e.trans_map.select(3, column).abs().max().item<float>(), 0) << column;
  }
  EXPECT_EQ(e.trans_map.select(2, 0).abs().max().item<float>(), 0);
  EXPECT_GT(e.trans_map.select(2, 1).max().item<float>(), 0) << "the frame is one row high";
  EXPECT_GE(e.trans_map.min().item<float>(), 0);
  EXPECT_LE(e.trans_map.max().item<float>(), 1 + 1e-6);
  EXPECT_LT(e.canon_light.abs().max().item<float>(), 1);
  EXPECT_LT(e.view.abs().max().item<float>(), 1);
}

TEST_F(LiftedGanTest, FrontalLightGivesTheGeneratorsImageBack) {
  torch::NoGradGuard no_grad;
  const Estimate e = gan.estimate(w);
  RenderOptions frontal;
  frontal.light = torch::cat({e.canon_light.slice(1, 0, 2), torch::zeros({3, 2})}, 1);
  expect_close("canon_im", gan.render(e, frontal).canon_im, e.canon_im_raw, 1e-4);
}

TEST_F(LiftedGanTest, FusedInferenceAgreesWithTheDifferentiableForm) {
  const Estimate slow = gan.estimate(w);
  ASSERT_TRUE(slow.canon_depth.requires_grad());
  const Rendering slow_render = gan.render(slow);
  torch::NoGradGuard no_grad;
  const Estimate fast = gan.estimate(w);
  expect_close("canon_depth", fast.canon_depth, slow.canon_depth, 1e-5);
  expect_close("trans_map", fast.trans_map, slow.trans_map, 1e-4);
  expect_close("canon_albedo", fast.canon_albedo, slow.canon_albedo, 1e-3);
  expect_close("recon_im", gan.render(fast).recon_im, slow_render.recon_im, 2e-3, 0.995, 1e-4);
}

TEST_F(LiftedGanTest, GradientsReachEveryNetworkButTheUnusedBranch) {
  const Estimate e = gan.estimate(w);
  gan.render(e).recon_im.square().sum().backward();
  for (const auto& [name, network] : gan.networks().published()) {
    for (const auto& item : network->named_parameters()) {
      const bool unused = name == "netSD" && item.key().rfind("model_style", 0) == 0;
      EXPECT_EQ(item.value().grad().defined(), !unused) << name << "." << item.key();
    }
  }
}

TEST_F(LiftedGanTest, TheCodeEntersComposeDetached) {
  auto code = w.clone().requires_grad_();
  nets::Decomposed decomposed = gan.networks().decompose->forward(code);
  decomposed.light = decomposed.light.detach();
  gan.neutral_style(code, decomposed).sum().backward();
  EXPECT_FALSE(code.grad().defined());
}

TEST_F(LiftedGanTest, SweepDrawsOneSampleAtManyViewsAndLights) {
  torch::NoGradGuard no_grad;
  const Estimate e = gan.estimate(w);
  RenderOptions sweep;
  sweep.view = torch::stack({scene::yaw_view(-20), scene::yaw_view(0), scene::pitch_view(10)}).to(torch::kFloat32);
  const Rendering together = gan.render(e.narrow(1, 1), sweep);
  for (int64_t i = 0; i < 3; ++i) {
    RenderOptions one;
    one.view = sweep.view.narrow(0, i, 1);
    EXPECT_TRUE(gan.render(e.narrow(1, 1), one).recon_im.equal(together.recon_im.narrow(0, i, 1))) << "view " << i;
  }
  RenderOptions mismatch;
  mismatch.view = sweep.view.narrow(0, 0, 2);
  EXPECT_THROW(gan.render(e, mismatch), Error);
}

TEST_F(LiftedGanTest, FlipMirrorsTheShapeButNotTheView) {
  torch::NoGradGuard no_grad;
  // Linear in x, so that it does not matter which diagonal a quad is cut along.
  Estimate e = gan.estimate(w);
  const auto ramp = torch::linspace(-0.8, 0.8, 32).view({1, 1, 1, 32}).expand({3, 3, 32, 32});
  e.canon_albedo = ramp.contiguous();
  e.canon_depth = 1 + 0.05 * ramp.select(1, 0).contiguous();
  RenderOptions straight, flipped;
  straight.view = flipped.view = torch::zeros({3, 6});
  straight.use_light = flipped.use_light = straight.use_transform_map = flipped.use_transform_map = false;
  flipped.flip = true;
  const auto mirrored = gan.render(e, straight).recon_im.flip(3);
  expect_close("flipped at view 0", gan.render(e, flipped).recon_im, mirrored, 1e-2, 0.95);
}

TEST_F(LiftedGanTest, MixingACodeWithItselfChangesNothing) {
  torch::NoGradGuard no_grad;
  const Estimate e = gan.estimate(w);
  const Estimate same = gan.mix(e, e);
  EXPECT_TRUE(same.canon_depth.equal(e.canon_depth) && same.canon_albedo.equal(e.canon_albedo) &&
              same.trans_map.equal(e.trans_map));
}

TEST_F(LiftedGanTest, MixTakesLooksFromOneAndShapeFromTheOther) {
  torch::NoGradGuard no_grad;
  const Estimate shape = gan.estimate(w), looks = gan.estimate(w.roll(1, 0)), mixed = gan.mix(shape, looks);
  EXPECT_TRUE(mixed.view.equal(shape.view) && mixed.neutral_style.equal(shape.neutral_style));
  EXPECT_TRUE(mixed.canon_light.equal(looks.canon_light) && mixed.canon_im_raw.equal(looks.canon_im_raw));
  EXPECT_FALSE(mixed.canon_depth.equal(looks.canon_depth));
}

TEST_F(LiftedGanTest, StyleTransferChangesTheDepthAlone) {
  torch::NoGradGuard no_grad;
  const Estimate content = gan.estimate(w), style = gan.estimate(w.roll(1, 0));
  const Estimate same = gan.transfer_style(content, content.features);
  EXPECT_TRUE(same.canon_depth.equal(content.canon_depth) && same.canon_albedo.equal(content.canon_albedo) &&
              same.trans_map.equal(content.trans_map));
  const Estimate other = gan.transfer_style(content, gan.features(w.roll(1, 0)));
  EXPECT_TRUE(other.view.equal(content.view) && other.canon_light.equal(content.canon_light));
  EXPECT_TRUE(other.canon_im_raw.equal(content.canon_im_raw) && other.neutral_style.equal(content.neutral_style));
  EXPECT_FALSE(other.canon_depth.equal(content.canon_depth));
  EXPECT_FALSE(other.canon_depth.equal(gan.transfer_style(content, style.features).canon_depth)) << "two versions";
}

TEST_F(LiftedGanTest, RefusesCodesAndPartsThatDoNotFit) {
  EXPECT_THROW(gan.estimate(torch::zeros({2, 31})), Error);
  EXPECT_THROW(gan.estimate(torch::zeros({2, 8, 32})), Error);
  EXPECT_THROW(
      LiftedGan(gan.generator(), LiftingNetworks(nets::LiftingConfig::at(64, 16, 32)), LiftConfig(), gan.statistics()),
      Error);
}

}  // namespace
}  // namespace lifted::model
