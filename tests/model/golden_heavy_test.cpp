// The whole pipeline on the published layout against the authors' code (golden/README.md): loader, generator, estimate,
// render, sweeps.
#include <gtest/gtest.h>

#include "lifted/base/runtime.h"
#include "lifted/formats/image.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/import.h"
#include "tests/support/golden.h"

namespace lifted::model {
namespace {

using test::expect_close;
constexpr double kTolerance = 2e-3, kShare = 0.999, kMedian = 1e-4;

torch::Tensor pool4(const torch::Tensor& x) {
  return torch::avg_pool2d(x, 4);
}

/// B×H×W bool: where the published renderer left a hole. A background pixel with at least 6 of its 8 neighbours covered
/// is one: the diagonal shared by two triangles runs through its centre.
torch::Tensor holes_in(const torch::Tensor& covered) {
  const auto padded = torch::constant_pad_nd(covered.to(torch::kFloat32).unsqueeze(1), {1, 1, 1, 1}, 1);
  const auto neighbours = torch::conv2d(padded, torch::ones({1, 1, 3, 3}, padded.options())).squeeze(1);
  return (covered == 0) & (neighbours >= 6);
}

/// Compares channels-first images outside the holes, and says how many were left out.
void expect_images(const std::string& name, const torch::Tensor& actual, const torch::Tensor& expected,
                   const torch::Tensor& covered) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
  const auto holes = holes_in(covered);
  const int64_t count = holes.sum().item<int64_t>();
  std::printf("  %-34s %ld pixels left out: holes of the published renderer\n", name.c_str(), count);
  EXPECT_LT(count, actual.size(0) * 300) << name;
  const auto kept = holes.logical_not().unsqueeze(1).expand_as(actual);
  expect_close(name, actual.masked_select(kept), expected.to(torch::kFloat32).masked_select(kept), kTolerance, kShare,
               kMedian);
}

/// Where no mask is stored: background is pure white.
torch::Tensor covered_by_colour(const torch::Tensor& images) {
  return (images != 1).any(1);
}

class Golden : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto pair = test::golden_file("liftedgan-256.pth"), gan = test::golden_file("stylegan2-256.pt");
    if (pair.empty() || gan.empty()) return;
    network_ = std::make_unique<LoadedNetwork>(load_network(pair, gan));
    if (network_->lifted) network_->lifted->to(test::golden_device());
  }
  static void TearDownTestSuite() { network_.reset(); }

  void SetUp() override {
    LIFTED_GOLDEN_OR_SKIP(file, "estimate.safetensors");
    ASSERT_TRUE(network_ && network_->lifted);
    const StateDict golden = test::read_golden(file);
    estimated.canon_depth = golden.at("canon_depth");
    estimated.canon_albedo = golden.at("canon_albedo");
    estimated.canon_light = golden.at("canon_light");
    estimated.view = golden.at("view");
    estimated.neutral_style = golden.at("neutral_style");
    estimated.trans_map = golden.at("trans_map");
    estimated.canon_im_raw = golden.at("canon_im_raw");
    estimated.features = torch::zeros({2, 16, 256, 256}, test::golden_device());
  }

  static std::unique_ptr<LoadedNetwork> network_;
  torch::NoGradGuard no_grad;
  Estimate estimated;  // the published code's, to render from

  const LiftedGan& gan() { return *network_->lifted; }
};
std::unique_ptr<LoadedNetwork> Golden::network_;

TEST_F(Golden, Generator) {
  LIFTED_GOLDEN_OR_SKIP(file, "generator.safetensors");
  const StateDict golden = test::read_golden(file);
  const auto& generator = network_->generator;
  const auto statistics = WStatistics::of_codes(generator, golden.at("stat_codes"));
  expect_close("w_mu", statistics.mean, golden.at("w_mu").flatten(), 1e-4);
  expect_close("w_sigma_inv", torch::tensor(*statistics.sigma_inv), golden.at("w_sigma_inv"),
               1e-3 * golden.at("w_sigma_inv").item<double>());
  const auto w = generator->map(golden.at("z"));
  expect_close("w", w, golden.at("w"), 1e-4);
  const auto styles = truncate(w, statistics, {0.7, {}}, generator->layers());
  expect_close("styles", styles, golden.at("styles"), 1e-4);
  const auto output = generator->synthesize(golden.at("styles"));
  expect_close("image", output.image, golden.at("image"), kTolerance, kShare, kMedian);
  expect_close("feat_pool4", pool4(output.features), golden.at("feat_pool4"), kTolerance, kShare, kMedian);
  expect_close("feat_crop", output.features.slice(2, 96, 160).slice(3, 96, 160), golden.at("feat_crop"), kTolerance,
               kShare, kMedian);
  const auto other = generator->map(golden.at("z_mix"));
  const auto mixed = torch::cat({w.unsqueeze(1).expand({-1, 5, -1}), other.unsqueeze(1).expand({-1, 9, -1})}, 1);
  expect_close("image_mix_pool4", pool4(generator->synthesize(mixed).image), golden.at("image_mix_pool4"), kTolerance,
               kShare, kMedian);
  const auto half = truncate(w, statistics, {0.5, {}}, generator->layers());
  expect_close("image_trunc05_pool4", pool4(generator->synthesize(half).image), golden.at("image_trunc05_pool4"),
               kTolerance, kShare, kMedian);
}

TEST_F(Golden, Estimate) {
  LIFTED_GOLDEN_OR_SKIP(file, "estimate.safetensors");
  const StateDict golden = test::read_golden(file);
  const auto styles = golden.at("styles");
  const Estimate e = gan().estimate(styles);
  expect_close("canon_light", e.canon_light, golden.at("canon_light"), 1e-4);
  expect_close("view", e.view, golden.at("view"), 1e-4);
  expect_close("neutral_style", e.neutral_style, golden.at("neutral_style"), 1e-4);
  expect_close("canon_im_raw", e.canon_im_raw, golden.at("canon_im_raw"), kTolerance, kShare, kMedian);
  expect_close("canon_depth", e.canon_depth, golden.at("canon_depth"), kTolerance, kShare, kMedian);
  expect_close("trans_map", e.trans_map, golden.at("trans_map"), kTolerance, kShare, kMedian);
  expect_close("canon_albedo", e.canon_albedo, golden.at("canon_albedo"), kTolerance, kShare, kMedian);
  const auto& networks = gan().networks();
  expect_close("netD_raw", networks.depth->forward(e.neutral_style, e.features).narrow(0, 0, 1), golden.at("netD_raw"),
               kTolerance, kShare, kMedian);
  expect_close("netT_raw", networks.transform->forward(e.neutral_style).narrow(0, 0, 1), golden.at("netT_raw"),
               kTolerance, kShare, kMedian);
  expect_close("netSD_style_unused", networks.decompose->unused_style(styles), golden.at("netSD_style_unused"), 1e-4);
  expect_close("netSC_example", networks.compose->forward(styles, golden.at("canon_light"), golden.at("view")),
               golden.at("netSC_example"), 1e-4);
}

TEST_F(Golden, Render) {
  LIFTED_GOLDEN_OR_SKIP(file, "render.safetensors");
  const StateDict golden = test::read_golden(file);
  const Rendering r = gan().render(estimated);
  const auto covered = golden.at("recon_im_mask").squeeze(1);
  expect_images("recon_im", r.recon_im, golden.at("recon_im"), covered);
  expect_images("recon_depth", r.recon_depth.unsqueeze(1), golden.at("recon_depth").unsqueeze(1), covered);
  expect_images("recon_im_mask", r.recon_im_mask, golden.at("recon_im_mask"), covered);
  expect_close("canon_im", r.canon_im.narrow(0, 0, 1), golden.at("canon_im"), kTolerance, kShare, kMedian);
  expect_close("canon_normal", r.canon_normal.narrow(0, 0, 1), golden.at("canon_normal"), kTolerance, kShare, kMedian);
  expect_close("canon_shading", r.canon_shading.narrow(0, 0, 1), golden.at("canon_shading"), kTolerance, kShare,
               kMedian);
  RenderOptions flip;
  flip.flip = true;
  const Rendering flipped = gan().render(estimated, flip);
  const auto covered_flip = golden.at("recon_im_mask_flip").squeeze(1);
  expect_images("recon_im_flip", flipped.recon_im.narrow(0, 0, 1), golden.at("recon_im_flip"),
                covered_flip.narrow(0, 0, 1));
  expect_images("recon_im_mask_flip", flipped.recon_im_mask, golden.at("recon_im_mask_flip"), covered_flip);
}

TEST_F(Golden, EightBitPixels) {
  LIFTED_GOLDEN_OR_SKIP(file, "render.safetensors");
  const StateDict golden = formats::read_safetensors(file);
  const auto styles = formats::read_safetensors(test::golden_file("estimate.safetensors")).at("styles");
  const Rendering r = gan().render(gan().estimate(styles.narrow(0, 0, 1)));
  const auto image = formats::image_from_tensor(r.recon_im[0], formats::Rounding::truncate);
  const auto ours =
      torch::from_blob(const_cast<uint8_t*>(image.pixels.data()), {1, 256, 256, 3}, torch::kUInt8).to(torch::kInt32);
  const auto kept =
      holes_in(golden.at("recon_im_mask").squeeze(1).narrow(0, 0, 1)).logical_not().unsqueeze(3).expand_as(ours);
  const auto published = golden.at("generate_images_uint8").to(torch::kInt32);
  expect_close("generate_images_uint8", ours.masked_select(kept), published.masked_select(kept), 0.5, 0.999);
  expect_close("… within one level", ours.masked_select(kept), published.masked_select(kept), 1.5, 0.9999);
}

TEST_F(Golden, Sweeps) {
  LIFTED_GOLDEN_OR_SKIP(file, "sweeps.safetensors");
  const StateDict golden = test::read_golden(file);
  const auto check = [&](const std::string& name, const RenderOptions& options) {
    const auto& expected = golden.at(name);
    expect_images(name, gan().render(estimated.narrow(0, 1), options).recon_im, expected, covered_by_colour(expected));
  };
  RenderOptions yaw, pitch, light, bare;
  yaw.view = golden.at("yaw_views");
  check("yaw_recon_im", yaw);
  pitch.view = golden.at("pitch_views");
  check("pitch_recon_im", pitch);
  light.light = golden.at("light_lights");
  check("light_recon_im", light);
  bare.use_light = bare.use_transform_map = false;
  check("nolight_notrans_recon_im", bare);
}

TEST_F(Golden, NormalsAsPictures) {
  LIFTED_GOLDEN_OR_SKIP(file, "losses.safetensors");
  const StateDict golden = formats::read_safetensors(file);
  const auto normals = gan().renderer().normals(estimated.canon_depth);
  // Pooled cells that a hole falls into differ.
  expect_close("recon_normal_pool4", pool4(gan().recon_normal(normals, estimated.canon_depth, estimated.view)),
               golden.at("recon_normal_pool4"), kTolerance, 0.98, kMedian);
  expect_close("neutral_shading_pool4", pool4(gan().neutral_shading(normals)), golden.at("neutral_shading_pool4"),
               kTolerance, kShare, kMedian);
}

TEST_F(Golden, LegacyFileHoldsTheSameGenerator) {
  LIFTED_GOLDEN_OR_SKIP(file, "stylegan2-256-legacy.pt");
  const LoadedNetwork legacy = load_network(file);
  EXPECT_FALSE(legacy.lifted);
  const auto w = estimated.neutral_style.narrow(0, 0, 1);
  EXPECT_TRUE(legacy.generator->synthesize(w).image.equal(network_->generator->synthesize(w).image));
  EXPECT_TRUE(legacy.statistics.mean.equal(network_->statistics.mean));
}

TEST(GoldenAda, ImagesOfAnNvidiaPickle) {
  LIFTED_GOLDEN_OR_SKIP(pickle, "nvidia-ada-64.pkl");
  LIFTED_GOLDEN_OR_SKIP(file, "nvidia-ada-64.safetensors");
  const LoadedNetwork network = load_network(pickle);
  const StateDict golden = formats::read_safetensors(file);
  torch::NoGradGuard no_grad;
  const auto& generator = network.generator;
  const auto w = generator->map(golden.at("z"));
  const auto image = [&](const Truncation& truncation, nets::NoiseMode noise) {
    return generator->synthesize(truncate(w, network.statistics, truncation, generator->layers()), noise).image;
  };
  expect_close("w_psi1", w, golden.at("w_psi1"), 1e-4);
  expect_close("w_avg", network.statistics.mean, golden.at("w_avg"), 1e-6);
  const auto standard = image({0.7, {}}, nets::NoiseMode::constant);
  expect_close("image", standard, golden.at("image"), kTolerance, kShare, kMedian);
  expect_close("image_nonoise", image({0.7, {}}, nets::NoiseMode::none), golden.at("image_nonoise"), kTolerance, kShare,
               kMedian);
  expect_close("image_psi1", image({1, {}}, nets::NoiseMode::constant), golden.at("image_psi1"), kTolerance, kShare,
               kMedian);
  expect_close("image_cutoff", image({0.5, 4}, nets::NoiseMode::constant), golden.at("image_cutoff"), kTolerance,
               kShare, kMedian);
  for (int64_t i = 0; i < 2; ++i) {
    const auto pixels = formats::image_from_tensor(standard[i], formats::Rounding::nvidia);
    const auto ours =
        torch::from_blob(const_cast<uint8_t*>(pixels.pixels.data()), {64, 64, 3}, torch::kUInt8).to(torch::kInt32);
    expect_close("uint8", ours, golden.at("uint8")[i].to(torch::kInt32), 0.5, 0.999);
  }
}

/// The reproduction's style transfer, composed here of the networks.
TEST_F(Golden, StyleTransferIsThePublishedFormula) {
  LIFTED_GOLDEN_OR_SKIP(file, "estimate.safetensors");
  const auto styles = formats::read_safetensors(file).at("styles");
  const auto content = styles.slice(0, 0, 1), style = styles.slice(0, 1, 2);
  const auto& networks = gan().networks();
  const auto neutral_code = [&](const torch::Tensor& w) {
    const auto light = networks.decompose->forward(w).light;
    const auto frontal = torch::cat({light.slice(1, 0, 2), torch::zeros({1, 2})}, 1);
    return networks.compose->forward(w, frontal, torch::zeros({1, 6}));
  };
  const auto factors = networks.decompose->forward(content);
  const auto w0 = neutral_code(content);
  const auto picture = network_->generator->synthesize(w0).image;
  for (const bool own_code : {true, false}) {  // the second and the first version
    SCOPED_TRACE(own_code ? "the style's own code" : "its neutral code");
    const auto features = network_->generator->synthesize(own_code ? style : neutral_code(style)).features;
    auto raw = networks.depth->forward(w0, features).squeeze(1);
    raw = torch::tanh(raw - raw.mean());
    auto depth = (1 + raw) / 2 * 1.1 + (1 - raw) / 2 * 0.9;
    depth.slice(2, 0, 2).fill_(1.05), depth.slice(2, 254, 256).fill_(1.05);
    auto map = torch::sigmoid(networks.transform->forward(w0) + 5);
    map = torch::where(depth.unsqueeze(1) <= 1.04, torch::ones_like(map), map);
    auto taps = torch::exp(-((torch::arange(21) - 10) / 8.0).square()).to(torch::kFloat32);
    taps = taps / taps.sum();
    const auto padded = torch::reflection_pad2d(map, {10, 10, 10, 10});
    map = torch::conv2d(torch::conv2d(padded, taps.view({1, 1, 21, 1})), taps.view({1, 1, 1, 21}));
    map.slice(2, 0, 1).fill_(0), map.slice(2, 255, 256).fill_(0);
    map.slice(3, 0, 2).fill_(0), map.slice(3, 254, 256).fill_(0);
    const auto frontal = gan().renderer().normals(depth).select(3, 2).clamp_min(0).unsqueeze(1);
    const auto strengths = factors.light / 2 + 0.5;
    const auto shading =
        strengths.select(1, 0).view({1, 1, 1, 1}) + strengths.select(1, 1).view({1, 1, 1, 1}) * frontal;
    const auto albedo = (picture / 2 + 0.5) / (shading + 1e-8) * 2 - 1;

    const auto estimate = gan().estimate(content);
    const auto transferred =
        gan().transfer_style(estimate, own_code ? gan().features(style) : gan().estimate(style).features);
    expect_close("depth", transferred.canon_depth, depth, 1e-4);
    expect_close("map", transferred.trans_map, map, 1e-4, 0.9999);
    expect_close("albedo", transferred.canon_albedo, albedo, 1e-4 * albedo.abs().max().item<double>(), 0.9999);
    EXPECT_TRUE(transferred.canon_light.equal(estimate.canon_light) && transferred.view.equal(estimate.view));
    expect_close("light", transferred.canon_light, factors.light, 1e-6);
    expect_close("view", transferred.view, factors.view, 1e-6);
    expect_close("picture", transferred.canon_im_raw, picture, 1e-4);
    Estimate published = estimate;
    published.canon_depth = depth, published.trans_map = map, published.canon_albedo = albedo;
    expect_close("render", gan().render(transferred).recon_im, gan().render(published).recon_im, 1e-4, 0.999, 1e-4);
    EXPECT_GT((transferred.canon_depth - estimate.canon_depth).abs().max().item<double>(), 1e-3);
  }
}

TEST_F(Golden, SameBitsForAnyBatchAndThreadCount) {
  const auto codes = network_->generator->map(torch::randn({8, 512}));
  const auto all = [&](const torch::Tensor& w) {
    const Estimate e = gan().estimate(w);
    const Rendering r = gan().render(e);
    return std::vector{e.canon_light, e.view,         e.neutral_style, e.canon_im_raw, e.features,     e.canon_depth,
                       e.trans_map,   e.canon_albedo, r.recon_im,      r.recon_depth,  r.recon_im_mask};
  };
  const auto together = all(codes), alone = all(codes.narrow(0, 5, 1));
  set_threads(1);
  const auto one_thread = all(codes.narrow(0, 4, 3));
  set_threads(0);
  const char* names[] = {"light", "view",   "w0",     "image of w0", "features", "depth",
                         "T",     "albedo", "render", "its depth",   "its mask"};
  for (size_t i = 0; i < together.size(); ++i) {
    EXPECT_TRUE(together[i].narrow(0, 5, 1).equal(alone[i])) << names[i] << ": batch of 8 and of 1";
    EXPECT_TRUE(together[i].narrow(0, 4, 3).equal(one_thread[i])) << names[i] << ": batch of 8 and of 3 on one thread";
  }
}

}  // namespace
}  // namespace lifted::model
