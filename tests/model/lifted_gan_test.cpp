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

TEST_F(LiftedGanTest, GrownNetworksBeginAsTheSmallerOnes) {
  const torch::NoGradGuard no_grad;
  const auto& small = gan.networks();
  const LiftingNetworks large = grown(small, 8, at::detail::createCPUGenerator(5));
  EXPECT_EQ(large.config.size, 64);
  EXPECT_EQ(large.config.feature_channels, 8);
  // View and light are read as before, to the bit.
  const auto read = small.decompose->forward(w), read_again = large.decompose->forward(w);
  EXPECT_TRUE(read_again.view.equal(read.view));
  EXPECT_TRUE(read_again.light.equal(read.light));
  // Maps are of twice the size and of the same shape, as far as norms and filters of half the reach let them be.
  const auto coarse = [](const torch::Tensor& map) { return torch::adaptive_avg_pool2d(map, {8, 8}); };
  const auto alike = [](const torch::Tensor& a, const torch::Tensor& b) {
    const auto x = a - a.mean(), y = b - b.mean();
    return ((x * y).sum() / (x.norm() * y.norm())).item<double>();
  };
  const auto nothing = [&](int64_t channels, int64_t side) { return torch::zeros({3, channels, side, side}); };
  const auto depth = small.depth->forward(w, nothing(16, 32)), grown_depth = large.depth->forward(w, nothing(8, 64));
  ASSERT_EQ(grown_depth.size(3), 64);
  EXPECT_GT(alike(coarse(grown_depth), coarse(depth)), 0.5);
  const auto map = small.transform->forward(w), grown_map = large.transform->forward(w);
  ASSERT_EQ(grown_map.size(3), 64);
  EXPECT_GT(alike(coarse(grown_map), coarse(map)), 0.5);
}

TEST_F(LiftedGanTest, EstimateKeepsItsPromises) {
  torch::NoGradGuard no_grad;
  const Estimate e = gan.estimate(w);
  const LiftConfig& config = gan.config();
  // Raw depth less its mean, squashed into the range.
  const auto raw = gan.networks().depth->forward(e.neutral_style, e.features).squeeze(1).to(torch::kDouble);
  const auto unit = torch::tanh(raw - raw.mean({1, 2}, true));
  const auto depth = (config.max_depth + config.min_depth) / 2 + (config.max_depth - config.min_depth) / 2 * unit;
  const auto inner = [](const torch::Tensor& map) { return map.slice(2, 2, 30); };
  expect_close("canon_depth", inner(e.canon_depth), inner(depth), 1e-6);
  EXPECT_GT(inner(depth).std().item<double>(), 1e-4) << "a flat map shows nothing";
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

TEST_F(LiftedGanTest, ACodePerLayerIsLiftedByTheirMean) {
  torch::NoGradGuard no_grad;
  const int64_t layers = gan.generator()->layers();
  const Estimate one = gan.estimate(w), same = gan.estimate(w.unsqueeze(1).repeat({1, layers, 1}));
  expect_close("canon_im_raw of equal layers", same.canon_im_raw, one.canon_im_raw, 1e-4);
  expect_close("canon_depth of equal layers", same.canon_depth, one.canon_depth, 1e-4);

  // Layers that differ around the same mean: view, light and w0 stay, the generator's picture does not.
  torch::Tensor apart = w.unsqueeze(1).repeat({1, layers, 1}), shift = torch::randn({3, 32});
  apart.select(1, 1).add_(shift);
  apart.select(1, 2).sub_(shift);
  const Estimate moved = gan.estimate(apart);
  expect_close("view", moved.view, one.view, 1e-5);
  expect_close("canon_light", moved.canon_light, one.canon_light, 1e-5);
  expect_close("neutral_style", moved.neutral_style, one.neutral_style, 1e-5);
  const torch::Tensor codes = apart + (one.neutral_style - w).unsqueeze(1);
  expect_close("canon_im_raw", moved.canon_im_raw, gan.generator()->synthesize(codes).image, 1e-4);
  EXPECT_GT((moved.canon_im_raw - one.canon_im_raw).abs().max().item<float>(), 1e-2);
  EXPECT_EQ(gan.render(moved).recon_im.sizes(), (std::vector<int64_t>{3, 3, 32, 32}));
  EXPECT_THROW(gan.estimate(torch::zeros({1, layers + 1, 32})), Error);
}

/// Finite weights that are much too large: infinite activations, and NaN where two of them meet.
TEST_F(LiftedGanTest, WhatHasDivergedIsAnError) {
  const torch::NoGradGuard no_grad;
  const auto blown_up = [&](const std::string& of) {
    LiftedGan other = small_gan();
    for (const auto& [name, network] : other.networks().published()) {
      if (name != of) continue;
      for (auto& parameter : network->parameters()) parameter.mul_(1e30);
    }
    try {
      other.render(other.estimate(w));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("drawn");
  };
  EXPECT_EQ(blown_up("netD"), "the network's depth map holds NaN or infinite values: it has diverged or is damaged");
  EXPECT_EQ(blown_up("netT"),
            "the network's transform map holds NaN or infinite values: it has diverged or is damaged");
  EXPECT_EQ(blown_up("none"), "drawn");
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
  EXPECT_THROW(gan.estimate(torch::zeros({2, 7, 32})), Error);
  EXPECT_THROW(
      LiftedGan(gan.generator(), LiftingNetworks(nets::LiftingConfig::at(64, 16, 32)), LiftConfig(), gan.statistics()),
      Error);
}

}  // namespace
}  // namespace lifted::model
